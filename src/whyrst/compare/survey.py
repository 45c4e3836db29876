"""The first reading of a capture: what its connections are known by, in bounded memory.

Kept are its marks: SYNs and SYN-ACKs (initial numbers, timestamps), resets, and the first payload of each direction
(fingerprint); and a sample of all segments but SYNs and resets. The sample is chosen by sequence and acknowledgement
number, so that captures of the same traffic choose the same segments; a small capture is kept whole.

When there is too much, marks of connections that were not reset go first, the oldest before others; of resets that go
their names stay, 24 bytes each. The sample is thinned to a quarter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.compare.events import CELLS, Event, Events, Kept
from whyrst.compare.lookup import Lookup
from whyrst.fast.layout import Flag
from whyrst.fast.select import survey as loop

if TYPE_CHECKING:
    from whyrst.segments.read import Batch, Capture

    Cells = np.ndarray[Any, np.dtype[np.int64]]

MOST = 1 << 20
"""Marks that are kept: four for most connections."""
SAMPLES = 60_000
EVERY = 1 << 62
"""Above every hash by which segments are chosen for the sample."""
SLOTS = 1 << 18
"""Directions whose first payload is remembered to have passed."""
SYN, RST = int(Flag.SYN), int(Flag.RST)
OPENING = SYN | RST
_ODD = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93,
     0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3, 0x1D8E4E27C47D124F],
    dtype=np.uint64,
).view(np.int64)  # fmt: skip


def mixed(*columns: Cells) -> Cells:
    """One hash of 64 bits per row, from up to nine columns of numbers."""
    total = columns[0] * _ODD[0]
    for column, odd in zip(columns[1:], _ODD[1 : len(columns)], strict=True):
        total += column * odd
    total ^= (total >> 29) & 0x7FFFFFFFF
    total *= _ODD[1]
    return total


def _chance(seq: Cells, ack: Cells) -> Cells:
    """A number below EVERY for each segment, the same in every capture without sequence rewriting."""
    return mixed(seq, ack) & (EVERY - 1)


def reset_names(rows: Events, key: Cells, side: Cells) -> Cells:
    """What resets keep from place to place, as one hash each.

    Args:
        rows: the resets.
        key: hash of the ends of each one's connection.
        side: which of these ends sent it.
    """
    acked = np.where(rows[Event.FLAGS] & Flag.ACK, rows[Event.ACK], 0)
    return mixed(key, side, rows[Event.SEQ], acked, rows[Event.FLAGS] & (OPENING | Flag.FIN | Flag.ACK))


class Survey:
    """What the first reading of one capture finds.

    Attributes:
        capture: its reader's account, complete when it was read.
        segments: how many it holds.
        threshold: the sample holds segments whose hash is below this.
    """

    def __init__(self) -> None:
        self.capture: Capture | None = None
        self.segments = 0
        self.threshold = EVERY
        self._marks, self._samples = Kept(), Kept()
        self._passed = np.zeros(SLOTS, dtype=np.int64)
        self._forgotten: list[Cells] = []

    def take(self, batch: Batch) -> None:
        """Look through one batch."""
        n, self.capture = len(batch.rows), batch.capture
        self.segments += n
        marks, samples = self._marks, self._samples
        marks.reserve(n)
        samples.reserve(n)
        marks.used, samples.used = loop.look(
            batch.rows.data, n, batch.buffer, CELLS.data, marks.table.data, marks.used,
            samples.table.data, samples.used, self.threshold, self._passed.data,
        )  # fmt: skip
        self._thin()

    @property
    def marks(self) -> Events:
        """SYNs, SYN-ACKs, resets, and the first payload of each direction of a connection, as far as captured."""
        return Events(self._marks.tables)

    @property
    def openings(self) -> Events:
        """SYNs, SYN-ACKs and resets."""
        marks = self.marks
        return marks.take((marks[Event.FLAGS] & OPENING) != 0)

    @property
    def resets(self) -> Events:
        """Resets."""
        marks = self.marks
        return marks.take((marks[Event.FLAGS] & RST) != 0)

    @property
    def forgotten(self) -> Cells:
        """Resets among the marks that had to go, in order: their names, frames, and whether they came from the end with
        the higher port, which is taken for the client's; shape (3, n)."""
        return np.concatenate([np.zeros((3, 0), dtype=np.int64), *self._forgotten], axis=1)

    @property
    def opened(self) -> Events:
        """SYNs and SYN-ACKs."""
        marks = self.marks
        return marks.take((marks[Event.FLAGS] & OPENING) == SYN)

    @property
    def first(self) -> Events:
        """First payloads that are not in the sample, too."""
        marks = self.marks
        return marks.take((marks[Event.PRINT] >= 0) & (_chance(marks[Event.SEQ], marks[Event.ACK]) >= self.threshold))

    @property
    def samples(self) -> Events:
        """Other segments, chosen by their numbers."""
        return Events(self._samples.tables)

    def _thin(self) -> None:
        """Forget a part of what is too much."""
        if len(self._samples) > SAMPLES:
            self.threshold //= 4
            samples = self.samples
            self._samples.leave(np.flatnonzero(_chance(samples[Event.SEQ], samples[Event.ACK]) < self.threshold))
        if len(self._marks) > MOST:
            marks = self.marks
            stay = Lookup(self.resets[Event.KEY]).holds(marks[Event.KEY])
            stay[-MOST // 4 :] = True
            left = np.flatnonzero(stay)[-MOST // 2 :]
            gone = marks.take(np.setdiff1d(np.flatnonzero(marks[Event.FLAGS] & RST), left, assume_unique=True))
            names = reset_names(gone, gone[Event.KEY], gone[Event.SIDE])
            self._forgotten.append(np.stack((names, gone[Event.FRAME], gone[Event.SPORT] >= gone[Event.DPORT])))
            self._marks.leave(left)
