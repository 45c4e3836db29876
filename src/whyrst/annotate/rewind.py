"""Standard input that can be read twice: a pipe is first kept in a temporary file."""

from __future__ import annotations

import os
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from whyrst.capture.errors import STDIN
from whyrst.model import Damage

if TYPE_CHECKING:
    from typing import BinaryIO

MOST = 4 << 30
"""Bytes of standard input that are kept, as they come (compressed or not)."""

_PIECE = 1 << 20


def keep_input(most: int = MOST) -> Damage | None:
    """Put a temporary file in the place of standard input when that is a pipe.

    The file has no name and vanishes with the process. It lies in the folder that TMPDIR names, or in /tmp.

    Args:
        most: bytes to keep; the sender is told that nobody reads on.

    Returns:
        Where the input was cut, if it was longer.

    Raises:
        OSError: the file cannot be written.
    """
    if _can_rewind():
        return None
    with TemporaryFile() as file:
        cut = _copied(file, most)
        file.flush()
        os.dup2(file.fileno(), 0)
    return Damage(STDIN, most, "only this much of a pipe is kept; save it to a file to annotate all") if cut else None


def rewind(path: str) -> None:
    """Let standard input begin again; files need nothing.

    Raises:
        OSError: it is a pipe, and `keep_input` was not called.
    """
    if path == STDIN:
        os.lseek(0, 0, os.SEEK_SET)


def _can_rewind() -> bool:
    try:
        return os.lseek(0, 0, os.SEEK_CUR) == 0
    except OSError:
        return False


def _copied(file: BinaryIO, most: int) -> bool:
    """Copy standard input; says whether there was more than is kept."""
    kept = 0
    while kept < most:
        piece = os.read(0, min(_PIECE, most - kept))
        if not piece:
            return False
        file.write(piece)
        kept += len(piece)
    return bool(os.read(0, 1))
