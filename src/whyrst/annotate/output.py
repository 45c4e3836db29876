"""The file that is written: whole or not at all, and never in place of a capture by mistake."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

BUFFER = 1 << 20
"""Bytes gathered before they are written."""


@contextmanager
def written(path: str) -> Iterator[BinaryIO]:
    """Write a file beside its final place, and put it there when it is complete.

    What is no regular file (a pipe, `/dev/null`) is written as it is.

    Raises:
        OSError: it cannot be written.
    """
    if is_special(path):
        with Path(path).open("wb", buffering=BUFFER) as file:
            yield file
        return
    folder, name = os.path.split(path)
    try:
        descriptor, partial = mkstemp(prefix=f".{name[:100]}.", dir=folder or os.curdir)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    try:
        with open(descriptor, "wb", buffering=BUFFER) as file:  # noqa: PTH123 (a descriptor, not a name)
            yield file
        Path(partial).chmod(_mode(path))
        os.replace(partial, path)  # noqa: PTH105 (names may be no UTF-8)
    except BaseException:
        with suppress(OSError):
            os.unlink(partial)  # noqa: PTH108 (same)
        raise


def is_special(path: str) -> bool:
    """Whether something stands there that is no regular file."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 (same)
    except OSError:
        return False


def _mode(path: str) -> int:
    """Permissions of the file that is replaced, or those that a new file gets."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116 (same)
    except OSError:
        umask = os.umask(0o077)
        os.umask(umask)
        return 0o666 & ~umask
