"""What forms of pages send: the same as the API does, then a page again."""

from __future__ import annotations

import asyncio
import hmac
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from whyrst.serve import pages
from whyrst.serve.actions import ApiError, analyze_paths, capture_of, compare_captures, forget, take_upload
from whyrst.serve.guard import COOKIE
from whyrst.serve.render import SECRET, page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.datastructures import FormData
    from starlette.requests import Request

    from whyrst.serve.context import Context

    Form = Callable[[Context, Request], Awaitable[Response]]

FRAME = 100_000
"""Bytes that a form may have beside its files."""
PARTS = 1000
"""Fields of a form, and files."""
WRONG = 1.0
"""Seconds that the answer to a wrong token takes."""
CHUNK = 1 << 20


async def upload(context: Context, request: Request) -> Response:
    """Capture files."""
    async with _form(request, context.settings.max_size + FRAME) as form:
        files = [one for one in form.getlist("capture") if isinstance(one, UploadFile) and one.filename]
        if not files:
            raise ApiError(400, "no file was chosen")
        taken = [await take_upload(context, str(one.filename), _chunks(one)) for one in files]
    return _to("/" if len(taken) > 1 else f"/captures/{taken[0].id}")


async def folder(context: Context, request: Request) -> Response:
    """Captures of the folders; several are compared."""
    async with _form(request, FRAME) as form:
        return _to(f"/captures/{analyze_paths(context, _strings(form, 'path')).id}")


async def compare(context: Context, request: Request) -> Response:
    """Captures to lay side by side."""
    async with _form(request, FRAME) as form:
        return _to(f"/captures/{compare_captures(context, _strings(form, 'capture')).id}")


async def delete(context: Context, request: Request) -> Response:
    """Forget a capture."""
    async with _form(request, FRAME):
        forget(context, capture_of(context, request))
    return _to("/")


async def stop(context: Context, request: Request) -> Response:
    """End an analysis."""
    one = capture_of(context, request)
    async with _form(request, FRAME):
        context.jobs.stop(one.id)
    return _to(f"/captures/{one.id}")


async def login(context: Context, request: Request) -> Response:
    """The token, in the form or once in the address; from then on in a cookie that no script and no other site sees."""
    if context.settings.token is None:
        return _to("/")
    if request.method == "POST":
        async with _form(request, FRAME) as form:
            told = str(form.get("token", "")).strip()
    else:
        told = request.query_params.get("token", "")
        if not told:
            return await pages.login(context, request)
    if not hmac.compare_digest(told.encode(), context.settings.token.encode()):
        await asyncio.sleep(WRONG)
        return page(context, request, "login", 403, wrong=True)
    answer = _to("/")
    answer.set_cookie(COOKIE, context.settings.token, httponly=True, samesite="strict", secure=_is_secure(request))
    return answer


FORMS: tuple[tuple[str, Form], ...] = (
    ("/captures", upload),
    ("/folder", folder),
    ("/compare", compare),
    ("/captures/{id}/delete", delete),
    ("/captures/{id}/stop", stop),
)
"""Path and handler of what forms send with POST."""


@asynccontextmanager
async def _form(request: Request, most: int) -> AsyncIterator[FormData]:
    """The fields of a form of ours, when it says how long it is and is no longer than it may.

    Raises:
        ApiError: it is refused.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise ApiError(411, "a form must say its length")
    if int(length) > most:
        raise ApiError(413, f"a form may have {most:,} bytes")
    async with request.form(max_files=PARTS, max_fields=PARTS) as form:
        if not hmac.compare_digest(str(form.get("secret", "")).encode(), SECRET.encode()):
            raise ApiError(403, "this form is none of ours, or older than the server; load the page again")
        yield form


def _strings(form: FormData, name: str) -> list[str]:
    return [one for one in form.getlist(name) if isinstance(one, str)]


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK):
        yield chunk


def _to(path: str) -> RedirectResponse:
    """See other, RFC 9110 section 15.4.4."""
    return RedirectResponse(path, 303)


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
