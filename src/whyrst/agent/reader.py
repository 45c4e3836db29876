"""One output's way through the queue."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whyrst.agent.record import WHOLE, unpack

if TYPE_CHECKING:
    from whyrst.agent.queue import Part, Queue
    from whyrst.agent.record import Record

CHUNK = 2 * WHOLE
"""Bytes read at a time; a record that begins in the first half is whole."""
MOST, MOST_BYTES = 512, 1 << 20
"""Records of a batch, and bytes of them beyond which it grows no further."""


class Reader:
    """Reads batches, and counts what it cannot read.

    Args:
        queue: where.
        at: number of the first record that is wanted.
        dropped: records counted before.
        damaged: same.

    Attributes:
        at: number of the next record.
        dropped: records that were removed before they were read.
        damaged: records that could not be read back.
    """

    def __init__(self, queue: Queue, at: int, dropped: int = 0, damaged: int = 0) -> None:
        self._queue = queue
        self.at = at
        self.dropped = dropped
        self.damaged = damaged
        self._open: tuple[int, int] | None = None
        self._offset = 0

    @property
    def lost(self) -> int:
        """Records that were removed before they were read, those included that were not missed yet."""
        with self._queue.news:
            return self.dropped + max(self._queue.begin - self.at, 0)

    def take(self, most: int = MOST) -> list[Record]:
        """The next records, without a gap; none when all were read."""
        while True:
            with self._queue.news:  # both at once: others look at `lost`
                begin = self._queue.begin
                if self.at < begin:
                    self.dropped += begin - self.at
                    self.at = begin
            if self._open is not None and self._open[0] < begin:
                self.close()  # an open file takes up room though it was removed
            found = self._queue.part(self.at)
            if found is None:
                if self.at >= self._queue.end:
                    return []
                continue  # it was removed between the two looks
            if batch := self._of(*found, most):
                return batch

    def close(self) -> None:
        """Close the file that is being read."""
        if self._open is not None:
            os.close(self._open[1])
            self._open = None

    def _of(self, part: Part, end: int, most: int) -> list[Record]:
        """Records of one file; empty when it has no more, and the next one is to be read."""
        batch: list[Record] = []
        size = 0
        try:
            file = self._file(part)
            while self._offset < part.size:
                data = os.pread(file, min(CHUNK, part.size - self._offset), self._offset)
                if not data:
                    break
                start = self._offset
                self._offset += len(data) if start + len(data) >= part.size else WHOLE
                for record, stop in unpack(data):
                    if record.number > self.at and batch:  # a gap ends a batch, so that it is counted once
                        return batch
                    self._offset = start + stop
                    if record.number < self.at or record.number >= end:
                        continue
                    self._damage(record.number)
                    batch.append(record)
                    size += len(record.line)
                    self.at += 1
                    if len(batch) >= most or size >= MOST_BYTES:
                        return batch
        except OSError:  # it was removed meanwhile, or the disk cannot read it
            if part.first < self._queue.begin:
                return batch
        if not batch:
            self._damage(end)
        return batch

    def _file(self, part: Part) -> int:
        if self._open is not None and self._open[0] == part.first:
            return self._open[1]
        self.close()
        file = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
        self._open = (part.first, file)
        self._offset = 0
        return file

    def _damage(self, until: int) -> None:
        """What lies before a number cannot be read."""
        self.damaged += max(until - self.at, 0)
        self.at = max(self.at, until)
