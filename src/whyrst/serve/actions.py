"""What both the API and forms do, and how a request that cannot be answered is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whyrst.serve.store import Wanted
from whyrst.serve.uploads import TooLargeError, keep, shown_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from whyrst.serve.context import Context
    from whyrst.serve.store import Capture

FEWEST, MANY = 2, 8
"""Captures that can be compared with each other."""
FILTERS = {
    "capture": "id of a capture", "cause": "id of a cause", "confidence": "certain, likely, possible or undetermined",
    "harm": "none, refused, aborted, data-lost or unknown",
    "mechanism": "active, passive, firewall, forged or unknown", "host": "address of either end",
    "port": "port of either end", "incident": "id of an incident", "since": "from this time on, ISO 8601",
    "until": "before this time, ISO 8601", "text": "anywhere in the verdict",
}  # fmt: skip


class ApiError(Exception):
    """A request that cannot be answered.

    Args:
        status: RFC 9110.
        reason: for people.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def wanted(query: dict[str, str]) -> Wanted:
    """Filters from the parameters of a query.

    Raises:
        ApiError: one of them is malformed.
    """
    told: dict[str, Any] = {name: query[name] for name in FILTERS if query.get(name)}
    if "port" in told:
        told["port"] = bounded(told["port"], 0, 65535, "port")
    return Wanted(**told)


def bounded(text: str, least: int, most: int, name: str) -> int:
    """A number within bounds.

    Raises:
        ApiError: it is none.
    """
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ApiError(400, f"{name} is no number from {least} to {most}")
    return number


def number_of(request: Request) -> int:
    """The number of a reset that the path of a request names.

    Raises:
        ApiError: it is none.
    """
    return bounded(request.path_params["number"], 1, 1 << 40, "number")


def capture_of(context: Context, request: Request) -> Capture:
    """The capture that the path of a request names.

    Raises:
        ApiError: there is none.
    """
    found = context.store.capture(request.path_params["id"])
    if found is None:
        raise ApiError(404, "there is no such capture")
    return found


async def take_upload(context: Context, name: str, chunks: AsyncIterator[bytes]) -> Capture:
    """Keep an upload and analyze it.

    Raises:
        ApiError: it is empty or too large, or too many wait already.
    """
    if context.is_full():
        raise ApiError(429, "too many captures wait to be analyzed; try again later")
    try:
        path, size = await keep(chunks, context.uploads, context.settings.max_size)
    except TooLargeError as error:
        raise ApiError(413, str(error)) from error
    if size == 0:
        path.unlink()
        raise ApiError(400, "there are no bytes; it should be a capture file")
    return context.submit([shown_name(name)], [str(path)], size, uploaded=True)


def forget(context: Context, capture: Capture) -> None:
    """Forget a capture; an upload's file goes, too."""
    context.jobs.stop(capture.id)
    context.store.delete(capture.id)
    context.news.tell(capture.id)


def analyze_paths(context: Context, names: list[str]) -> Capture:
    """Analyze captures of the folders; several are compared.

    Raises:
        ApiError: they are too many, or not there.
    """
    if not 1 <= len(names) <= MANY:
        raise ApiError(400, f"one to {MANY} paths can be analyzed together")
    paths = [context.folder_path(name) for name in names]
    if None in paths:
        raise ApiError(404, "there is no such capture in the folders")
    told = [path for path in paths if path is not None]
    labels = [shown_name(name) for name in names]
    return context.submit(labels, told, context.size(told), uploaded=False)


def compare_captures(context: Context, numbers: list[str]) -> Capture:
    """Lay captures of the same traffic side by side.

    Raises:
        ApiError: they are too few or too many, or not there, or comparisons themselves.
    """
    if not FEWEST <= len(numbers) <= MANY:
        raise ApiError(400, f"{FEWEST} to {MANY} captures can be compared")
    chosen = [context.store.capture(number) for number in numbers]
    if None in chosen:
        raise ApiError(404, "there is no such capture")
    captures = [one for one in chosen if one is not None]
    if any(len(one.paths) > 1 for one in captures):
        raise ApiError(400, "a comparison cannot be compared again")
    labels = [one.name for one in captures]
    paths = [one.paths[0] for one in captures]
    return context.submit(labels, paths, context.size(paths), uploaded=False)
