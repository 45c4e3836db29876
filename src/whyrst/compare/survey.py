"""The first reading of a capture: what its connections are known by, in bounded memory.

Kept are its marks: SYNs and SYN-ACKs (initial numbers, timestamps), resets, and the first payload of each direction
(fingerprint); and a sample of all segments but SYNs and resets. The sample is chosen by sequence and acknowledgement
number, so that captures of the same traffic choose the same segments; a small capture is kept whole.

When there is too much, marks of connections that were not reset go first, the oldest before others; the sample is
thinned to a quarter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.compare.events import Event, Events, Kept
from whyrst.fast.layout import Flag, Seg
from whyrst.resets.facts import distinct, one_of

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
RETURN, NEWLINE, SPACE, DELETE = 13, 10, 32, 127
PRINTED = 64
"""Payload bytes in a fingerprint at most; of text, the first line: proxies add further ones."""
SYN, RST = int(Flag.SYN), int(Flag.RST)
OPENING = SYN | RST
_ODD = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93,
     0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3, 0x1D8E4E27C47D124F],
    dtype=np.uint64,
).view(np.int64)  # fmt: skip
_MASKS = np.tri(PRINTED + 1, PRINTED, -1, dtype=np.uint8).view(np.int64) * 0xFF
"""Per number of bytes the words that leave so many of a payload's first ones."""


def mixed(*columns: Cells) -> Cells:
    """One hash of 64 bits per row, from up to nine columns of numbers."""
    total = columns[0] * _ODD[0]
    for column, odd in zip(columns[1:], _ODD[1 : len(columns)], strict=True):
        total += column * odd
    total ^= (total >> 29) & 0x7FFFFFFFF
    total *= _ODD[1]
    return total


def keys(rows: Cells) -> tuple[Cells, Cells]:
    """For each segment `Event.KEY` and `Event.SIDE`."""
    ends = rows[:, Seg.SRC_HI : Seg.DPORT + 1].T.copy()
    source, target = mixed(ends[0], ends[1], ends[4]), mixed(ends[2], ends[3], ends[5])
    return source + target, (source > target).astype(np.int64)


def _chance(seq: Cells, ack: Cells) -> Cells:
    """A number below EVERY for each segment, the same in every capture without sequence rewriting."""
    return mixed(seq, ack) & (EVERY - 1)


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

    def take(self, batch: Batch) -> None:
        """Look through one batch."""
        rows, self.capture = batch.rows, batch.capture
        self.segments += len(rows)
        key, side = keys(rows)
        opening = rows[:, Seg.FLAGS] & OPENING
        plain = opening == 0
        chosen = np.flatnonzero((_chance(rows[:, Seg.SEQ], rows[:, Seg.ACK]) < self.threshold) & plain)
        prints = np.full(len(rows), -1)
        self._samples.add(rows[chosen], key[chosen], side[chosen], prints[chosen])
        marks = ~plain
        opened = key[opening == SYN]
        way = key + side
        self._passed[np.concatenate((opened, opened + 1)) & (SLOTS - 1)] = 0
        payload = np.flatnonzero((rows[:, Seg.PAYLOAD_HAVE] > 0) & plain)
        ways = way[payload]
        fresh = payload[self._passed[ways & (SLOTS - 1)] != ways]
        if len(fresh):
            fresh = _first_of_each(way[fresh], fresh)
            self._passed[way[fresh] & (SLOTS - 1)] = way[fresh]
            prints[fresh] = fingerprints(batch.buffer, rows[fresh, Seg.PAYLOAD_AT], rows[fresh, Seg.PAYLOAD_HAVE])
            marks[fresh] = True
        at = np.flatnonzero(marks)
        self._marks.add(rows[at], key[at], side[at], prints[at])
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
            stay = one_of(self.marks[Event.KEY], distinct(self.resets[Event.KEY]))
            stay[-MOST // 4 :] = True
            self._marks.leave(np.flatnonzero(stay)[-MOST // 2 :])


def fingerprints(buffer: memoryview, at: Cells, have: Cells) -> Cells:
    """A number of 63 bits for the first bytes of each payload; of text, for its first line.

    Args:
        buffer: holds the payloads.
        at: where each begins.
        have: how many of its bytes are there.
    """
    octets = np.frombuffer(buffer, dtype=np.uint8)
    if len(octets) < PRINTED or int(at.max()) > len(octets) - PRINTED:
        octets = np.concatenate((octets, np.zeros(PRINTED, dtype=np.uint8)))
    # Every range of so many bytes as one row, without copying them.
    ranges = np.ndarray((len(octets) - PRINTED + 1, PRINTED), np.uint8, octets, strides=(1, 1))
    words = ranges[at]
    length = np.minimum(have, PRINTED)
    text = np.flatnonzero((words[:, 0] >= SPACE) & (words[:, 0] < DELETE))
    lines = words[text]
    ends = (lines[:, :-1] == RETURN) & (lines[:, 1:] == NEWLINE)
    length[text] = np.minimum(length[text], np.where(ends.any(axis=1), ends.argmax(axis=1), PRINTED))
    numbers = words.view(np.int64) & _MASKS[length]
    return mixed(*numbers.T, length) & 0x7FFFFFFFFFFFFFFF


def _first_of_each(keys: Cells, at: Cells) -> Cells:
    """The first row of each key, in the order of rows."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    fresh = np.ones(len(ordered), dtype=bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return np.sort(at[order[fresh]])
