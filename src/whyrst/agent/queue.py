"""Verdicts on disk, in order, until every output has delivered them or there is no more room.

The queue is a row of files, each named after the number of its first record. Only the last one is written to, and only
by this process; when it is large enough the next begins. Beyond the limit the oldest file goes, whatever it holds.
Records are visible to readers (`reader.py`) once they are written as a whole. A start begins a new file, so nothing is
ever appended to what a crash left behind.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whyrst.agent.record import LONGEST, Record, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Literal

    Why = Literal["disk", "size"]

PARTS = 16
"""Files that share the limit, so at most this part of it is dropped at a time."""
LARGEST, LEAST = 1 << 23, 1 << 22
"""Bytes of a file at most, and of the whole queue at least: the largest record must fit several times."""
NAME = re.compile(r"(\d{20})\.log")
ID = re.compile(r"[0-9a-f]{16}")
MODE = 0o600
"""Verdicts tell who talked to whom."""


class QueueError(Exception):
    """The folder cannot be used; the message says why."""


@dataclass
class Part:
    """One file of the queue."""

    first: int
    path: Path
    size: int
    """Bytes that readers may see."""


class Queue:
    """The queue.

    Args:
        folder: made if it is not there.
        limit: bytes that the files may have together.

    Attributes:
        id: made up when the folder was made; with the number it names a verdict for good.
        end: number that the next record gets.
        queued: records written since the start.
        unqueued: records that were not, by reason.
        error: what the disk said last; empty when writing works.
        news: notified when records came.

    Raises:
        QueueError: another process has the folder, or it cannot be used.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = max(limit, LEAST)
        self._largest = min(self.limit // PARTS, LARGEST)
        self.news = threading.Condition()
        self.queued = 0
        self.unqueued: Counter[Why] = Counter()
        self.error = ""
        self._file: int | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _locked(folder)
            self.id = _id(folder)
            self._parts = [part for path in folder.iterdir() if (part := _part(path)) is not None]
            self._parts.sort(key=lambda part: part.first)
            self.end = _end(self._parts)
        except FileExistsError as error:
            raise QueueError(f"{folder}: Not a directory") from error
        except OSError as error:
            raise QueueError(f"{folder}: {error.strerror}") from error

    @property
    def begin(self) -> int:
        """Number of the oldest record that is kept; `end` when there is none."""
        with self.news:
            return self._parts[0].first if self._parts else self.end

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(part.size for part in list(self._parts))

    def start(self, after: int) -> None:
        """Begin no earlier than at a number that an output was noted to have reached: numbers are used once."""
        self.end = max(self.end, after)

    def append(self, lines: Iterable[bytes]) -> None:
        """Put lines at the end. What cannot be written is counted, and nothing is raised."""
        ready: list[bytes] = []
        size = 0
        with self.news:
            for line in lines:
                if len(line) > LONGEST:
                    self.unqueued["size"] += 1
                    continue
                data = pack(Record(self.end + len(ready), line))
                if size + len(data) > self._largest and ready:
                    self._write(ready, size)
                    ready, size = [], 0
                    data = pack(Record(self.end, line))  # its number differs when those before it were not written
                ready.append(data)
                size += len(data)
            if ready:
                self._write(ready, size)
            self.news.notify_all()

    def sync(self) -> None:
        """Have the disk keep what was written, also when the power fails."""
        if self._file is not None:
            with suppress(OSError):  # counted where it matters: at the next writing
                os.fdatasync(self._file)

    def free(self, until: int) -> None:
        """Remove the files of which every record is before a number: all outputs have those."""
        with self.news:
            while len(self._parts) > 1 and self._parts[1].first <= until:
                self._remove()

    def part(self, number: int) -> tuple[Part, int] | None:
        """The file in which a record stands, and the number at which the next file begins; None when it is not kept."""
        with self.news:
            ends = [*(part.first for part in self._parts[1:]), self.end]
            for part, end in zip(self._parts, ends, strict=False):  # without a file there is an end all the same
                if part.first <= number < end:
                    return Part(part.first, part.path, part.size), end
        return None

    def close(self) -> None:
        """Leave the folder to others."""
        self.sync()
        self._leave()
        os.close(self._lock)

    def _write(self, ready: list[bytes], size: int) -> None:
        while self._parts and self.size + size > self.limit:
            self._remove()
        try:
            part = self._current(size)
            assert self._file is not None, "it was opened"
            _write_all(self._file, b"".join(ready), part.size)
        except OSError as error:
            self.error = error.strerror or str(error)
            self.unqueued["disk"] += len(ready)
            self._leave()  # so that it can go, and make room, once it is delivered
            return
        self.error = ""
        part.size += size
        self.end += len(ready)
        self.queued += len(ready)

    def _current(self, size: int) -> Part:
        """The file to write to."""
        if self._file is not None and self._parts[-1].size + size > self._largest:
            self._leave()
        if self._file is None:
            path = self.folder / f"{self.end:020}.log"
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
            if not self._parts or self._parts[-1].first != self.end:  # else one in which nothing was whole
                self._parts.append(Part(self.end, path, 0))
            self._parts[-1].size = 0
        return self._parts[-1]

    def _leave(self) -> None:
        if self._file is not None:
            self.sync()
            os.close(self._file)
            self._file = None

    def _remove(self) -> None:
        part = self._parts.pop(0)
        if not self._parts:
            self._leave()
        with suppress(OSError):
            part.path.unlink()


def _write_all(file: int, data: bytes, at: int) -> None:
    """Write everything, or leave the file as long as it was."""
    try:
        done = 0
        while done < len(data):
            done += os.pwrite(file, memoryview(data)[done:], at + done)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, at)
        raise


def _locked(folder: Path) -> int:
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise QueueError(f"{folder}: another agent uses this queue") from error
    return file


def _id(folder: Path) -> str:
    path = folder / "id"
    with suppress(OSError, UnicodeDecodeError):
        if ID.fullmatch(found := path.read_text(encoding="ascii").strip()):
            return found
    made = secrets.token_hex(8)
    path.write_text(made + "\n", encoding="ascii")
    return made


def _part(path: Path) -> Part | None:
    found = NAME.fullmatch(path.name)
    return Part(int(found[1]), path, path.stat().st_size) if found else None


def _end(parts: list[Part]) -> int:
    """The number after the last whole record, and never before the file that holds it."""
    if not parts:
        return 1
    with parts[-1].path.open("rb") as file:
        data = file.read(2 * LARGEST)
    return max([parts[-1].first, *(record.number + 1 for record, _ in unpack(data))])
