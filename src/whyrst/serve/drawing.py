"""The ladder of one reset, drawn by another process: it reads the capture again, which is hostile input."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whyrst.serve.settings import Settings
    from whyrst.serve.store import Capture

LARGEST = 20_000_000
"""Bytes of one picture."""


class NoPictureError(Exception):
    """There is no ladder, and why."""


async def ladder(capture: Capture, number: int, form: str, settings: Settings) -> bytes:
    """A ladder as `svg` or `text`.

    Raises:
        NoPictureError: the process failed, or drew too much.
    """
    limits = (str(settings.seconds), str(settings.memory))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "whyrst.serve.worker", *limits, f"{form}:{number}", *capture.paths,
        "--", *capture.labels,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(settings.seconds):
            drawn = await _all_of(process)
            status = await process.wait()
    except TimeoutError as error:
        raise NoPictureError("drawing took too long") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # nothing, when it has ended
    if len(drawn) > LARGEST:
        raise NoPictureError(f"the ladder has more than {LARGEST:,} bytes")
    if status != 0:
        raise NoPictureError(drawn.decode("utf-8", "replace").strip() or "the capture could not be read again")
    return drawn


async def _all_of(process: asyncio.subprocess.Process) -> bytes:
    """What a process writes; no more than a picture may have is read, then it is ended."""
    assert process.stdout is not None, "it is a pipe"
    drawn = b""
    while len(drawn) <= LARGEST and (more := await process.stdout.read(LARGEST + 1 - len(drawn))):
        drawn += more
    if len(drawn) > LARGEST:
        process.kill()
    return drawn
