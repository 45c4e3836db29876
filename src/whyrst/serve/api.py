"""The REST API: one table of operations, which `openapi` describes and `app` serves.

Answers are JSON unless an operation says otherwise. What is wrong with a request is told as {"error": ...} with the
status of RFC 9110.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from starlette.responses import JSONResponse, Response

from whyrst.causes import all_causes
from whyrst.reports.manual import find
from whyrst.serve.actions import (
    FEWEST,
    FILTERS,
    MANY,
    ApiError,
    analyze_paths,
    bounded,
    capture_of,
    compare_captures,
    forget,
    number_of,
    take_upload,
    wanted,
)
from whyrst.serve.drawing import NoPictureError, ladder
from whyrst.serve.events import live, progress, stream
from whyrst.serve.store import COLUMNS, MOST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from whyrst.serve.context import Context
    from whyrst.serve.store import Capture

    Handler = Callable[[Context, Request], Awaitable[Response]]

PICTURE = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
    "cache-control": "private, max-age=600",
}
"""Headers of a ladder, which may be looked at alone: it has its own style sheet, and nothing else. It never changes and
costs a reading of the capture."""
PREFIX = "/api/v1"
PAGING = {"first": "how many to leave out", "limit": f"how many to give, at most {MOST}"}


@dataclass(frozen=True)
class Operation:
    """One thing that the API does.

    Attributes:
        method: of HTTP.
        path: below PREFIX, with {parameters}.
        id: unique name.
        says: one line for people.
        handler: does it.
        query: parameters of the query, with what they mean.
        takes: media type of the request's body.
        body: JSON Schema of the request's body.
        gives: media types that the answer may have.
        answer: name of the answer's schema in `openapi.SCHEMAS`.
        status: of success.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    id: str
    says: str
    handler: Handler
    query: dict[str, str] = field(default_factory=dict)
    takes: str | None = None
    body: dict[str, Any] | None = None
    gives: tuple[str, ...] = ("application/json",)
    answer: str | None = None
    status: int = 200


def shown(capture: Capture) -> dict[str, Any]:
    """A capture as the API tells it: without our paths."""
    told = asdict(capture) | {"name": capture.name}
    del told["paths"]
    return told


async def list_captures(context: Context, _: Request) -> Response:
    """Every capture."""
    return JSONResponse([shown(capture) for capture in context.store.captures()])


async def upload(context: Context, request: Request) -> Response:
    """The body is a capture file."""
    most = context.settings.max_size
    if int(request.headers.get("content-length") or 0) > most:
        raise ApiError(413, f"an upload may have {most:,} bytes")
    name = request.query_params.get("name", "capture")
    return JSONResponse(shown(await take_upload(context, name, request.stream())), 201)


async def get_capture(context: Context, request: Request) -> Response:
    """One capture."""
    return JSONResponse(shown(capture_of(context, request)))


async def delete_capture(context: Context, request: Request) -> Response:
    """Forget it; an upload's file goes, too."""
    forget(context, capture_of(context, request))
    return Response(status_code=204)


async def stop_capture(context: Context, request: Request) -> Response:
    """End its analysis."""
    capture = capture_of(context, request)
    if not context.jobs.stop(capture.id):
        raise ApiError(409, "it is neither analyzed nor waiting")
    return JSONResponse(shown(capture_of(context, request)))


async def list_folder(context: Context, _: Request) -> Response:
    """Captures inside the folders that the app was given."""
    return JSONResponse(await asyncio.to_thread(context.folder_names))


async def analyze_folder(context: Context, request: Request) -> Response:
    """A capture of a folder, where it is; several are compared."""
    return JSONResponse(shown(analyze_paths(context, _list(await _json(request), "paths"))), 201)


async def compare(context: Context, request: Request) -> Response:
    """Lay captures of the same traffic side by side."""
    return JSONResponse(shown(compare_captures(context, _list(await _json(request), "captures"))), 201)


async def list_verdicts(context: Context, request: Request) -> Response:
    """Verdicts of one capture or of all, in the order of time."""
    query = dict(request.query_params)
    first = bounded(query.get("first", "0"), 0, 1 << 40, "first")
    limit = bounded(query.get("limit", "100"), 0, MOST, "limit")
    found = await asyncio.to_thread(context.store.find, wanted(query), first=first, limit=limit)
    return JSONResponse({"total": found.total, "verdicts": found.rows})


async def count_verdicts(context: Context, request: Request) -> Response:
    """How many verdicts there are by a column."""
    query = dict(request.query_params)
    by = query.get("by", "cause")
    if by not in COLUMNS:
        raise ApiError(400, f"by is none of {', '.join(COLUMNS)}")
    return JSONResponse(await asyncio.to_thread(context.store.counts, wanted(query), by))


async def list_incidents(context: Context, request: Request) -> Response:
    """Incidents of a capture, the most harmful first."""
    return JSONResponse(context.store.incidents(capture_of(context, request).id))


async def get_verdict(context: Context, request: Request) -> Response:
    """One verdict, as whyrst analyze --json writes it."""
    capture = capture_of(context, request)
    found = context.store.verdict(capture.id, number_of(request))
    if found is None:
        raise ApiError(404, "there is no such reset")
    return JSONResponse(found)


async def get_ladder(context: Context, request: Request) -> Response:
    """The ladder of a reset: SVG, or text with ?form=text."""
    capture = capture_of(context, request)
    number = number_of(request)
    form = request.query_params.get("form", "svg")
    if form not in {"svg", "text"}:
        raise ApiError(400, "form is svg or text")
    if context.store.verdict(capture.id, number) is None:
        raise ApiError(404, "there is no such reset")
    if not capture.paths:
        raise ApiError(404, "there are no packets of a live reset to draw")
    try:
        async with context.drawing:
            drawn = await ladder(capture, number, form, context.settings)
    except NoPictureError as error:
        raise ApiError(502, str(error)) from error
    kind = "image/svg+xml" if form == "svg" else "text/plain; charset=utf-8"
    return Response(drawn, media_type=kind, headers=PICTURE)


async def follow_capture(context: Context, request: Request) -> Response:
    """How its analysis goes on."""
    return stream(progress(context, capture_of(context, request).id))


async def follow_live(context: Context, _: Request) -> Response:
    """What the kernel tells."""
    if context.live.state == "off":
        raise ApiError(404, "this server was not started with --trace")
    return stream(live(context.live))


async def list_causes(_: Context, __: Request) -> Response:
    """Every cause."""
    return JSONResponse({cause.id: cause.title for cause in all_causes().values()})


async def explain(_: Context, request: Request) -> Response:
    """The manual of causes: by id, kernel reason, counter or RFC."""
    found = find(all_causes(), request.path_params["name"])
    if not found:
        raise ApiError(404, "nothing is known by this name")
    return Response(msgspec.json.encode([_told(cause) for cause in found]), media_type="application/json")


def _told(cause: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(cause).items() if not callable(value)}


async def _json(request: Request) -> Any:
    most = 100_000
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise ApiError(413, f"the body may have {most:,} bytes")
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ApiError(400, f"the body is no JSON: {error}") from error


def _list(body: Any, name: str) -> list[str]:
    told = body.get(name) if isinstance(body, dict) else None
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise ApiError(400, f"the body should be an object with a list of strings named {name}")
    return told


STRINGS = {"type": "array", "items": {"type": "string"}}


def _object(name: str, least: int) -> dict[str, Any]:
    """Schema of a body with one list."""
    items = STRINGS | {"minItems": least, "maxItems": MANY}
    return {"type": "object", "required": [name], "properties": {name: items}}


OPERATIONS = (
    Operation("GET", "/captures", "listCaptures", "Every capture, the newest first.", list_captures, answer="Captures"),
    Operation(
        "POST", "/captures", "uploadCapture", "Analyze a capture file: the body.", upload,
        query={"name": "what to call it"}, takes="application/octet-stream", answer="Capture", status=201,
    ),
    Operation("GET", "/captures/{id}", "getCapture", "One capture.", get_capture, answer="Capture"),
    Operation("DELETE", "/captures/{id}", "deleteCapture", "Forget a capture.", delete_capture, status=204),
    Operation("POST", "/captures/{id}/stop", "stopCapture", "End its analysis.", stop_capture, answer="Capture"),
    Operation(
        "GET", "/captures/{id}/events", "followCapture", "How its analysis goes on: events named progress.",
        follow_capture, gives=("text/event-stream",),
    ),
    Operation("GET", "/captures/{id}/incidents", "listIncidents", "Its incidents.", list_incidents, answer="Incidents"),
    Operation(
        "GET", "/captures/{id}/verdicts/{number}", "getVerdict", "One verdict, as the command line writes it.",
        get_verdict, answer="Verdict",
    ),
    Operation(
        "GET", "/captures/{id}/verdicts/{number}/ladder", "getLadder", "The packets of the connection as a ladder.",
        get_ladder, query={"form": "svg or text"}, gives=("image/svg+xml", "text/plain"),
    ),
    Operation("GET", "/folder", "listFolder", "Captures in the folders of the app.", list_folder, answer="Names"),
    Operation(
        "POST", "/folder", "analyzeFolder", "Analyze a capture of a folder; several are compared.", analyze_folder,
        takes="application/json", body=_object("paths", 1), answer="Capture", status=201,
    ),
    Operation(
        "POST", "/compare", "compareCaptures", "Lay captures of the same traffic side by side.", compare,
        takes="application/json", body=_object("captures", FEWEST), answer="Capture", status=201,
    ),
    Operation(
        "GET", "/verdicts", "listVerdicts", "Verdicts by time, cause, host and more.", list_verdicts,
        query=FILTERS | PAGING, answer="Found",
    ),
    Operation(
        "GET", "/counts", "countVerdicts", "How many verdicts there are by a column.", count_verdicts,
        query=FILTERS | {"by": ", ".join(COLUMNS)}, answer="Counts",
    ),
    Operation(
        "GET", "/live", "followLive", "Resets of this host as the kernel tells them: events named reset.", follow_live,
        gives=("text/event-stream",),
    ),
    Operation("GET", "/causes", "listCauses", "Every cause: id and title.", list_causes, answer="Titles"),
    Operation("GET", "/causes/{name}", "explainCause", "The manual, by id, reason, counter or RFC.", explain),
)  # fmt: skip
