"""Verdicts in files: the line of `--json` with a field `uid` before the others.

The file itself says how far it is: its last line bears a number. So nothing is doubled where a crash fell between the
writing and the note of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import structs

from whyrst.agent.output import Away, Sent
from whyrst.agent.place import Place
from whyrst.agent.rotated import Rotated

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    from whyrst.agent.record import Record

UID = re.compile(rb'\{"uid":"([0-9a-f]{16})-(\d{1,19})"')


def uid(queue: str, number: int) -> str:
    """What a verdict is called for good: the queue it went through, and its number there."""
    return f"{queue}-{number}"


class Files:
    """Writes to a file.

    Args:
        path: of the file.
        size: bytes beyond which the next one begins.
        count: how many are kept.
        queue: id of the queue.
        again: set when the file is to be opened again.
    """

    def __init__(self, path: Path, size: int, count: int, queue: str, again: threading.Event) -> None:
        self._path, self._size, self._count = path, size, count
        self._queue = queue
        self._again = again
        self._file: Rotated | None = None

    def open(self, place: Place) -> Place:
        """Open the file, and see how far it is."""
        try:
            self._file = Rotated(self._path, self._size, self._count)
            found = UID.match(self._file.last())
        except OSError as error:
            raise Away(f"{self._path}: {error.strerror}") from error
        known = int(found[2]) + 1 if found is not None and found[1].decode() == self._queue else 0
        return structs.replace(place, next=max(place.next, known))

    def send(self, records: Sequence[Record]) -> Sent:
        """Write lines that the disk keeps."""
        assert self._file is not None, "it was opened"
        try:
            if self._again.is_set():
                self._again.clear()
                self._file.open()
            self._file.write([self._line(record) for record in records])
        except OSError as error:
            raise Away(f"{self._path}: {error.strerror}") from error
        return Sent(Place(records[-1].number + 1))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _line(self, record: Record) -> bytes:
        return b'{"uid":"%s",%s' % (uid(self._queue, record.number).encode(), record.line[1:])
