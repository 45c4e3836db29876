"""Streams of server-sent events (WHATWG HTML, section 9.2): how an analysis goes on, what the kernel tells."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from whyrst.serve.context import Context
    from whyrst.serve.live import Live

BEAT = 15
"""Seconds of silence after which a comment is sent, so that a reader that went away is noticed."""
UNSETTLED = frozenset({"queued", "running"})
"""States of a capture that will change."""


def event(told: Any, name: str = "message") -> str:
    """One event."""
    return f"event: {name}\ndata: {json.dumps(told)}\n\n"


def stream(events: AsyncIterator[str]) -> StreamingResponse:
    """An answer that goes on."""
    return StreamingResponse(events, media_type="text/event-stream", headers={"cache-control": "no-store"})


async def progress(context: Context, number: str) -> AsyncIterator[str]:
    """State of a capture now and whenever it changes, until it is settled or gone."""
    queue = context.news.listen()
    try:
        while (capture := context.store.capture(number)) is not None:
            told = {name: getattr(capture, name) for name in ("state", "done", "total", "size", "error")}
            yield event(told, "progress")
            if context.news.over or capture.state not in UNSETTLED:
                return
            yield await _until(queue, number)
    finally:
        context.news.leave(queue)


async def _until(queue: asyncio.Queue[str], number: str) -> str:
    """Wait for news of a capture, for a while; a comment."""
    try:
        async with asyncio.timeout(BEAT):
            while await queue.get() not in {number, ""}:
                pass
    except TimeoutError:
        return ": still here\n\n"
    return ": news\n\n"


async def live(told: Live) -> AsyncIterator[str]:
    """Resets as the kernel tells them; `ended` when it does no more.

    A reader that went away is noticed when the next one is sent.
    """
    yield event({"state": told.state}, "state")
    async for one in told.follow():
        yield event(one.row(), "reset")
    yield event({"state": told.state, "why": told.why}, "ended")
