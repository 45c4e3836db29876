"""The app: API, pages and static files behind one guard."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from whyrst.serve.api import OPERATIONS, PREFIX, ApiError, Operation
from whyrst.serve.context import Context
from whyrst.serve.guard import Guard
from whyrst.serve.openapi import document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from whyrst.serve.settings import Settings

TIDY = 600
"""Seconds between two looks for uploads whose time is over."""


def create_app(settings: Settings) -> Guard:
    """The app as an ASGI callable.

    Args:
        settings: everything that it needs to know.
    """
    context = Context(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        context.jobs.start()
        tidying = asyncio.create_task(_tidy(context))
        try:
            yield
        finally:
            tidying.cancel()
            await context.jobs.close()
            context.store.close()

    routes = [_route(context, operation) for operation in OPERATIONS]
    routes.append(Route("/api/openapi.json", _openapi))
    inner = Starlette(routes=routes, lifespan=lifespan, exception_handlers={ApiError: _refuse, Exception: _fail})
    return Guard(inner, host=settings.host, token=settings.token)


def _route(context: Context, operation: Operation) -> Route:
    async def endpoint(request: Request) -> Response:
        return await operation.handler(context, request)

    return Route(PREFIX + operation.path, endpoint, methods=[operation.method], name=operation.id)


async def _openapi(_: Request) -> Response:
    return JSONResponse(document())


async def _refuse(_: Request, error: Any) -> Response:
    return JSONResponse({"error": str(error)}, error.status)


async def _fail(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "something went wrong here; the server's log says what"}, 500)


async def _tidy(context: Context) -> None:
    while True:
        await asyncio.sleep(TIDY)
        await asyncio.to_thread(context.tidy)
