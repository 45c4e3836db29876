"""A file of lines that is rotated by its size: PATH, then PATH.1, PATH.2 ... the older the higher."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MODE = 0o640
"""Whoever collects logs is often in the group."""
TAIL = 1 << 21
"""Bytes at the end in which the last line must begin: more than a verdict can have."""


class Rotated:
    """The file.

    Args:
        path: of the current one.
        size: bytes beyond which the next one begins.
        count: how many are kept, the current one included.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, size: int, count: int) -> None:
        self.path = path
        self._limit = size
        self._count = count
        self._file = -1
        self.open()

    def open(self) -> None:
        """Open the file of this name, again if somebody moved the one that was open; cut a line that a crash tore.

        Raises:
            OSError: it cannot be opened.
        """
        self.close()
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, MODE)
        try:
            _claim(self._file)
        except OSError:
            self.close()
            raise
        self._size = os.fstat(self._file).st_size
        whole = self._size - len(self._tail().rpartition(b"\n")[2])
        if whole < self._size:
            os.ftruncate(self._file, whole)
            self._size = whole

    def last(self) -> bytes:
        """The last line that was written, of the file before this one if this one is empty; empty if there is none."""
        lines = self._tail().splitlines()
        if not lines and self._name(1).exists():
            with self._name(1).open("rb") as file:
                file.seek(max(self._name(1).stat().st_size - TAIL, 0))
                lines = file.read(TAIL).splitlines()
        return lines[-1] if lines else b""

    def write(self, lines: list[bytes]) -> None:
        """Write lines, and have the disk keep them.

        Raises:
            OSError: they could not all be written; then none is in the file.
        """
        ready: list[bytes] = []
        for line in lines:
            ready.append(line + b"\n")
            if self._size + sum(map(len, ready)) >= self._limit:
                self._put(ready)
                self._rotate()
                ready = []
        self._put(ready)

    def close(self) -> None:
        """Close it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _put(self, ready: list[bytes]) -> None:
        data = b"".join(ready)
        if not data:
            return
        try:
            done = 0
            while done < len(data):
                done += os.write(self._file, memoryview(data)[done:])
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def _rotate(self) -> None:
        for number in range(self._count - 1, 0, -1):
            older = self._name(number - 1)
            if older.exists():
                older.replace(self._name(number))
        if self._count == 1:
            self.path.unlink()
        self.open()

    def _name(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path

    def _tail(self) -> bytes:
        return os.pread(self._file, TAIL, max(self._size - TAIL, 0))


def _claim(file: int) -> None:
    """Keep others who rotate from a file: two would cut each other's lines."""
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise OSError(errno.EINVAL, "no regular file, which could be rotated")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EBUSY, "another agent writes to it") from None
    except OSError:  # a file system without locks
        return
