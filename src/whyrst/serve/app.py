"""The app: API, pages and static files behind one guard."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from whyrst.serve.actions import ApiError
from whyrst.serve.api import OPERATIONS, PREFIX
from whyrst.serve.context import Context
from whyrst.serve.forms import FORMS, login
from whyrst.serve.guard import Guard
from whyrst.serve.openapi import document
from whyrst.serve.pages import PAGES
from whyrst.serve.render import page, static

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from whyrst.serve.settings import Settings

    Handler = Callable[[Context, Request], Awaitable[Response]]

TIDY = 600
"""Seconds between two looks for uploads whose time is over."""


def create_app(settings: Settings, context: Context | None = None) -> Guard:
    """The app as an ASGI callable.

    Args:
        settings: everything that it needs to know.
        context: what its handlers share; made if missing.
    """
    context = context or Context(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        context.jobs.start()
        context.live.start()
        tidying = asyncio.create_task(_tidy(context))
        try:
            yield
        finally:
            tidying.cancel()
            await context.live.close()
            await context.jobs.close()
            context.store.close()

    def route(path: str, handler: Handler, *methods: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await handler(context, request)

        return Route(path, endpoint, methods=list(methods))

    async def refuse(request: Request, error: Any) -> Response:
        status = error.status if isinstance(error, ApiError) else error.status_code
        reason = str(error) if isinstance(error, ApiError) else error.detail
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": reason}, status)
        return page(context, request, "error", status, reason=reason)

    routes = [route(PREFIX + one.path, one.handler, one.method) for one in OPERATIONS]
    routes += [route(path, handler, "GET") for path, handler in PAGES]
    routes += [route(path, handler, "POST") for path, handler in FORMS]
    routes += [route("/login", login, "GET", "POST"), Route("/static/{name}", static)]
    routes.append(Route("/api/openapi.json", _openapi))
    handlers: Any = {ApiError: refuse, HTTPException: refuse, Exception: _fail}
    inner = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    return Guard(inner, host=settings.host, token=settings.token)


async def _openapi(_: Request) -> Response:
    return JSONResponse(document())


async def _fail(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "something went wrong here; the server's log says what"}, 500)


async def _tidy(context: Context) -> None:
    while True:
        await asyncio.sleep(TIDY)
        await asyncio.to_thread(context.tidy)
