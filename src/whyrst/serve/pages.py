"""Pages to look at. Each works as plain HTML; scripts only make parts of them fresher."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from markupsafe import Markup

from whyrst.causes import all_causes
from whyrst.model import Quality, Verdict
from whyrst.reports import about
from whyrst.reports.html.fields import fields
from whyrst.reports.html.markup import listed
from whyrst.reports.html.parts import trust
from whyrst.reports.manual import near
from whyrst.reports.source import CONFIDENCES, WORST_FIRST
from whyrst.serve import chapters
from whyrst.serve.actions import MANY, ApiError, capture_of, number_of, wanted
from whyrst.serve.events import UNSETTLED
from whyrst.serve.history import over_time
from whyrst.serve.render import page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from whyrst.serve.context import Context
    from whyrst.serve.store import Found, Wanted

    Page = Callable[[Context, Request], Awaitable[Response]]

ROWS = 50
"""Resets on a page."""
LATEST = 100
"""Resets that the live page shows."""


async def home(context: Context, request: Request) -> Response:
    """Captures, and how to add one."""
    captures = context.store.captures()
    names = await asyncio.to_thread(context.folder_names)
    busy = any(one.state in UNSETTLED for one in captures)
    return page(context, request, "home", captures=captures, names=names, busy=busy)


async def capture(context: Context, request: Request) -> Response:
    """One capture: how far it is, then what was found."""
    one = capture_of(context, request)
    query = dict(request.query_params) | {"capture": one.id}
    quality = msgspec.convert(one.quality, Quality) if one.quality is not None else None
    every = wanted({"capture": one.id})
    incidents = context.store.incidents(one.id)
    return page(
        context,
        request,
        "capture",
        one=one,
        busy=one.state in UNSETTLED,
        quality=Markup(trust(quality)) if quality is not None else "",  # noqa: S704 - it escapes what it is given
        harms=_worst_first(context.store.counts(every, "harm")),
        causes=context.store.counts(every, "cause"),
        titles=_titles(),
        incidents=incidents,
        incident_choices=[(each["id"], each["title"]) for each in incidents],
        picture=await asyncio.to_thread(_picture, context, every),
        **await asyncio.to_thread(_found, context, query),
    )


async def reset(context: Context, request: Request) -> Response:
    """One verdict in full."""
    one = capture_of(context, request)
    number = number_of(request)
    told = context.store.verdict(one.id, number)
    if told is None:
        raise ApiError(404, "there is no such reset")
    total = context.store.find(wanted({"capture": one.id}), limit=0).total
    return page(
        context, request, "reset", one=one, number=number, total=total, **_verdict(told, packets=bool(one.paths))
    )


async def compare(context: Context, request: Request) -> Response:
    """Captures to choose from."""
    settled = [one for one in context.store.captures() if one.state not in UNSETTLED]
    single = [one for one in settled if len(one.paths) == 1]
    several = [one for one in context.store.captures() if len(one.paths) > 1]
    return page(context, request, "compare", captures=single, several=several, most=MANY)


async def history(context: Context, request: Request) -> Response:
    """All verdicts, by time, cause and peer."""
    query = {name: value for name, value in request.query_params.items() if name != "capture"}
    asked = wanted(query)
    causes, picture = await asyncio.gather(
        asyncio.to_thread(context.store.counts, asked, "cause"), asyncio.to_thread(_picture, context, asked)
    )
    names = {one.id: one.name for one in context.store.captures()}
    return page(
        context, request, "history", names=names, causes=causes, titles=_titles(), picture=picture,
        **await asyncio.to_thread(_found, context, query),
    )  # fmt: skip


async def live(context: Context, request: Request) -> Response:
    """What the kernel tells."""
    told = context.live
    latest = [one.row() for one in reversed(told.seen)][:LATEST]
    return page(context, request, "live", live=told, latest=latest, causes=told.causes.most_common())


async def live_reset(context: Context, request: Request) -> Response:
    """One verdict of the kernel in full."""
    seen = context.live.find(number_of(request))
    if seen is None:
        raise ApiError(404, "this reset is no longer kept")
    return page(context, request, "live_reset", number=seen.number, **_verdict(seen.verdict, packets=False))


async def manual(context: Context, request: Request) -> Response:
    """All causes, or those that are searched for."""
    typed = request.query_params.get("q", "").strip()
    found = chapters.search(all_causes(), typed)
    return page(context, request, "manual", typed=typed, found=found, near=[] if found else near(all_causes(), typed))


async def cause(context: Context, request: Request) -> Response:
    """The manual of a cause."""
    one = all_causes().get(request.path_params["name"])
    if one is None:
        raise ApiError(404, "there is no such cause")
    met = context.store.find(wanted({"cause": one.id}), limit=0).total
    return page(context, request, "cause", one=one, pieces=chapters.pieces(one.manual), met=met, titles=_titles())


async def login(context: Context, request: Request) -> Response:
    """Asks for the token."""
    return page(context, request, "login", wrong=False)


PAGES: tuple[tuple[str, Page], ...] = (
    ("/", home),
    ("/captures/{id}", capture),
    ("/captures/{id}/resets/{number}", reset),
    ("/compare", compare),
    ("/history", history),
    ("/live", live),
    ("/live/{number}", live_reset),
    ("/manual", manual),
    ("/manual/{name}", cause),
)
"""Path and handler; /login stands with the forms."""


def _titles() -> dict[str, str]:
    return {one.id: one.title for one in all_causes().values()}


def _worst_first(counts: dict[str, int]) -> dict[str, int]:
    return {level: counts[level] for level in WORST_FIRST if level in counts}


def _picture(context: Context, asked: Wanted) -> Markup:
    return over_time(context.store.times(asked))


def _found(context: Context, query: dict[str, str]) -> dict[str, Any]:
    """What the table of resets shows: filters, rows, and the way to the next ones."""
    problem = None
    asked: Wanted | None = None
    try:
        asked = wanted(query)
        at = max(int(query.get("page") or 1), 1)
    except (ApiError, ValueError) as error:
        problem, at = str(error) if isinstance(error, ApiError) else "page is no number", 1
    found: Found | None = context.store.find(asked, first=(at - 1) * ROWS, limit=ROWS) if asked is not None else None
    chosen = {name: value for name, value in query.items() if value and name not in {"page", "capture"}}
    return {
        "rows": found.rows if found is not None else [],
        "total": found.total if found is not None else 0,
        "problem": problem,
        "at": at,
        "pages": max(-(-found.total // ROWS), 1) if found is not None else 1,
        "chosen": chosen,
        "to_page": lambda number: "?" + urlencode(chosen | {"page": number}),
        "confidences": CONFIDENCES[::-1],
        "levels": WORST_FIRST,
    }


def _verdict(told: dict[str, Any], *, packets: bool) -> dict[str, Any]:
    """What the page of a verdict shows; without packets there is nowhere to look further."""
    verdict = msgspec.convert(told, Verdict)
    known = all_causes().get(verdict.cause)
    shown = [one for one in fields(verdict, known) if packets or one.label != "look further"]
    return {
        "verdict": verdict,
        "title": known.title if known is not None else "",
        "sure": about.sureness(verdict),
        "fields": Markup(listed(shown)),  # noqa: S704 - it escapes what it is given
    }
