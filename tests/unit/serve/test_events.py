from __future__ import annotations

import asyncio
import json

from whyrst.serve.context import Context
from whyrst.serve.events import event, progress
from whyrst.serve.settings import Settings


def told(text):
    return json.loads(text.partition("data: ")[2])


def test_an_event_is_three_lines_whatever_it_says():
    assert event({"a": "x\n\ndata: y"}).count("\n") == 3


def test_progress_is_told_until_the_end(tmp_path):
    async def main():
        context = Context(Settings(data=tmp_path))
        capture = context.store.add(["x"], ["/x"], 10, uploaded=False)
        texts = []

        async def follow():
            texts.extend([text async for text in progress(context, capture.id) if text.startswith("event:")])

        following = asyncio.create_task(follow())
        await asyncio.sleep(0.1)
        for change in (
            lambda: context.store.begin(capture.id),
            lambda: context.store.progress(capture.id, 5, 10),
            lambda: context.store.end(capture.id, "failed", "why"),
        ):
            change()
            context.news.tell("another")
            context.news.tell(capture.id)
            await asyncio.sleep(0.1)
        await asyncio.wait_for(following, 10)
        context.store.close()
        return [told(text) for text in texts]

    states = asyncio.run(main())
    assert [one["state"] for one in states] == ["queued", "running", "running", "failed"]
    assert states[2]["done"] == 5
    assert states[3]["error"] == "why"


def test_a_capture_that_is_deleted_ends_the_stream(tmp_path):
    async def main():
        context = Context(Settings(data=tmp_path))
        capture = context.store.add(["x"], ["/x"], 10, uploaded=False)
        seen = progress(context, capture.id)
        assert told(await anext(seen))["state"] == "queued"
        context.store.delete(capture.id)
        context.news.tell(capture.id)
        rest = [text async for text in seen]
        context.store.close()
        return rest

    assert asyncio.run(main()) == [": news\n\n"]
