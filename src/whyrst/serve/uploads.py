"""Bytes from outside become files of ours: bounded, under random names, for their owner only."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import BinaryIO

RANDOM = 16
LONGEST = 200
"""Characters of a name that is shown."""


class TooLargeError(Exception):
    """An upload has more bytes than it may."""


async def keep(chunks: AsyncIterator[bytes], folder: Path, most: int) -> tuple[Path, int]:
    """Write an upload to a new file; nothing of it stays when it is too large or breaks off.

    Args:
        chunks: its bytes.
        folder: where to; made if missing.
        most: bytes that it may have.

    Returns:
        The file and its size.

    Raises:
        TooLargeError: it has more.
    """
    path, file = _fresh(folder)
    size = 0
    try:
        with file:
            async for chunk in chunks:
                size = _bounded(size + len(chunk), most)
                file.write(chunk)
    except BaseException:
        os.unlink(path)  # noqa: PTH108 - nothing to wait for
        raise
    return path, size


def _fresh(folder: Path) -> tuple[Path, BinaryIO]:
    """A new file that nobody can guess or read."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / secrets.token_urlsafe(RANDOM)
    return path, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _bounded(size: int, most: int) -> int:
    """The size, if it may be so large."""
    if size > most:
        raise TooLargeError(f"an upload may have {most:,} bytes")
    return size


def shown_name(told: str) -> str:
    """What an upload is called: the last part of what its owner says, without control characters."""
    last = told.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c if c.isprintable() else "?" for c in last)[:LONGEST] or "capture"
