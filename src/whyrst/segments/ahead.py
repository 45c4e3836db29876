"""Reads and decodes a series in a thread of its own, a few batches ahead of whoever follows its segments."""

from __future__ import annotations

import mmap
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from whyrst.capture.ahead import Ahead
from whyrst.fast.layout import LONGEST_NAME, Seg
from whyrst.fast.select import payload
from whyrst.segments.read import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.segments.read import Capture, Rows, Series

MOST = 2
"""Batches that are made ahead at most."""

READ = 8192
"""Packets that are decoded at once at most: usually all that one read brought, while the processor's nearest cache
still holds it."""

BATCH = 8192
"""Segments from which on a batch is handed over, those of a few reads. Threads that meet wait for each other and for
the interpreter, and waking one takes the kernel as long as many segments."""


def ahead(series: Series, keep: int) -> Ahead[Batch]:
    """The batches of a series, for one who looks at nothing of their payload but names and what resets carry.

    Args:
        series: Not iterated before.
        keep: Payload bytes of a reset that are wanted at most.
    """
    return Ahead(_gathered(series, keep), MOST)


def _gathered(series: Series, keep: int) -> Iterator[Batch]:
    """Batches of several reads, in rooms that take turns."""
    rooms = cycle([_Room(BATCH + READ, keep) for _ in range(MOST + 1)])
    room = next(rooms)
    series.most, series.place = READ, lambda: room.rows[room.filled :]
    capture: Capture | None = None
    for batch in series:
        if capture is not None and capture is not batch.capture and room.waiting:
            yield room.batch(capture)
        capture = batch.capture
        room.take(batch)
        if room.filled >= BATCH:
            yield room.batch(capture)
            room = next(rooms).emptied()
    if capture is not None and room.waiting:
        yield room.batch(capture)


class _Room:
    """Rows, and a small buffer that they point into: the reader's is filled anew by the next read.

    Attributes:
        rows: Cells as `Seg` numbers them, shape (n, Seg.COUNT).
        filled: How many of them hold segments.
    """

    def __init__(self, rows: int, keep: int) -> None:
        self.rows: Rows = np.zeros((rows, Seg.COUNT), np.int64)
        self.filled = 0
        self._buffer = memoryview(mmap.mmap(-1, rows * (keep + LONGEST_NAME)))  # memory only where it is used
        self._used = 0
        self._given = 0
        self._keep = keep

    @property
    def waiting(self) -> int:
        """How many segments are in no batch yet."""
        return self.filled - self._given

    def take(self, batch: Batch) -> None:
        """Keep what was read into the rows behind those that are filled."""
        n = len(batch.rows)
        self._used = payload.detach(batch.buffer, batch.rows.data, n, self._buffer, self._used, self._keep)
        self.filled += n

    def batch(self, capture: Capture) -> Batch:
        """Those that are in no batch yet."""
        rows = self.rows[self._given : self.filled]
        self._given = self.filled
        return Batch(rows, self._buffer[: self._used], capture)

    def emptied(self) -> _Room:
        """The same room, used anew."""
        self.filled = self._used = self._given = 0
        return self
