"""The first reading of a capture: what its connections are known by, in bounded memory.

Kept are four kinds of segments, `Event`: SYNs and SYN-ACKs (initial numbers, timestamps), resets, the first payload of
each direction (fingerprint), and a sample of all others. The sample is chosen by sequence and acknowledgement number,
so that captures of the same traffic choose the same segments; a small capture is kept whole.

When there is too much, SYNs and first payloads of connections that were not reset go first, the oldest before others;
the sample is thinned to a quarter.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.compare.events import Events
from whyrst.fast.layout import Flag, Seg
from whyrst.resets.facts import distinct, one_of

if TYPE_CHECKING:
    from whyrst.segments.read import Batch, Capture

    Cells = np.ndarray[Any, np.dtype[np.int64]]

KEPT = (
    Seg.FRAME, Seg.TIME, Seg.SRC_HI, Seg.SRC_LO, Seg.DST_HI, Seg.DST_LO, Seg.SPORT, Seg.DPORT, Seg.SEQ, Seg.ACK,
    Seg.FLAGS, Seg.WINDOW, Seg.LENGTH, Seg.TTL, Seg.IP_ID, Seg.OPTIONS, Seg.TSVAL, Seg.WSCALE, Seg.MSS, Seg.QUALITY,
)  # fmt: skip
"""Cells of a segment that an event keeps."""


class Event(IntEnum):
    """Cells of one event: those of the segment that are kept, in the order of KEPT, and four more."""

    FRAME = 0
    TIME = 1
    SRC_HI = 2
    SRC_LO = 3
    DST_HI = 4
    DST_LO = 5
    SPORT = 6
    DPORT = 7
    SEQ = 8
    ACK = 9
    FLAGS = 10
    WINDOW = 11
    LENGTH = 12
    TTL = 13
    IP_ID = 14
    OPTIONS = 15
    TSVAL = 16
    WSCALE = 17
    MSS = 18
    QUALITY = 19
    KEY = 20
    """Hash of both ends, the same for both directions."""
    SIDE = 21
    """Which of the two ends sent it: 0 or 1, the same in all captures that show the same addresses."""
    PRINT = 22
    """Fingerprint of the payload's first bytes, -1 without."""
    COUNT = 23


MOST = 1 << 19
"""Events of one kind that are kept."""
SAMPLES = 1 << 16
EVERY = 1 << 62
"""Above every hash by which segments are chosen for the sample."""
SLOTS = 1 << 18
"""Directions whose first payload is remembered to have passed."""
RETURN, NEWLINE = 13, 10
PRINTED = 64
"""Payload bytes in a fingerprint at most; of text, the first line: proxies add further ones."""
OPENING = int(Flag.SYN | Flag.RST)
_ODDS = np.arange(1, PRINTED // 8 + 1, dtype=np.int64) * 0x2545F4914F6CDD1D | 1
_ODD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64).view(np.int64)


def mixed(*columns: Cells) -> Cells:
    """One hash of 64 bits per row, from columns of numbers."""
    total = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        total = (total ^ column) * _ODD[0]
        total ^= (total >> 29) & 0x7FFFFFFFF
    return total * _ODD[1]


def keys(rows: Cells) -> tuple[Cells, Cells]:
    """For each segment `Event.KEY` and `Event.SIDE`."""
    source = mixed(rows[:, Seg.SRC_HI], rows[:, Seg.SRC_LO], rows[:, Seg.SPORT])
    target = mixed(rows[:, Seg.DST_HI], rows[:, Seg.DST_LO], rows[:, Seg.DPORT])
    return source + target, (source > target).astype(np.int64)


def events_of(rows: Cells, key: Cells, side: Cells, prints: Cells | None = None) -> Cells:
    """Segments as events, with their columns together in memory, since columns are what is read."""
    events = np.empty((len(rows), Event.COUNT), dtype=np.int64, order="F")
    events[:, : len(KEPT)] = rows[:, KEPT]
    events[:, Event.KEY], events[:, Event.SIDE] = key, side
    events[:, Event.PRINT] = -1 if prints is None else prints
    return events


def _chance(seq: Cells, ack: Cells) -> Cells:
    """A number below EVERY for each segment, the same in every capture without sequence rewriting."""
    return mixed(seq, ack) & (EVERY - 1)


class Survey:
    """What the first reading of one capture finds.

    Attributes:
        capture: its reader's account, complete when it was read.
        sides: segments seen per direction of `Event.SIDE`, shape (2,).
        threshold: the sample holds segments whose hash is below this.
    """

    def __init__(self) -> None:
        self.capture: Capture | None = None
        self.segments = 0
        self.threshold = EVERY
        self._opened: list[Cells] = []
        self._resets: list[Cells] = []
        self._first: list[Cells] = []
        self._samples: list[Cells] = []
        self._counts = {"opened": 0, "first": 0, "samples": 0, "resets": 0}
        self._passed = np.zeros(SLOTS, dtype=np.int64)

    def take(self, batch: Batch) -> None:
        """Look through one batch."""
        rows, self.capture = batch.rows, batch.capture
        self.segments += len(rows)
        key, side = keys(rows)
        flags = rows[:, Seg.FLAGS]
        opening = (flags & OPENING) != 0
        self._keep("resets", self._resets, rows, np.flatnonzero((flags & Flag.RST) != 0), key, side)
        opened = np.flatnonzero((flags & OPENING) == Flag.SYN)
        self._keep("opened", self._opened, rows, opened, key, side)
        way = key + side
        self._passed[np.concatenate((key[opened], key[opened] + 1)) & (SLOTS - 1)] = 0
        payload = np.flatnonzero((rows[:, Seg.PAYLOAD_HAVE] > 0) & ~opening)
        fresh = payload[self._passed[way[payload] & (SLOTS - 1)] != way[payload]]
        if len(fresh):
            fresh = _first_of_each(way[fresh], fresh)
            self._passed[way[fresh] & (SLOTS - 1)] = way[fresh]
            prints = fingerprints(batch.buffer, rows[fresh, Seg.PAYLOAD_AT], rows[fresh, Seg.PAYLOAD_HAVE])
            self._keep("first", self._first, rows, fresh, key, side, prints)
        wanted = (_chance(rows[:, Seg.SEQ], rows[:, Seg.ACK]) < self.threshold) & ~opening
        self._keep("samples", self._samples, rows, np.flatnonzero(wanted), key, side)

    @property
    def opened(self) -> Events:
        """SYNs and SYN-ACKs."""
        return Events.of(self._opened)

    @property
    def resets(self) -> Events:
        """Resets."""
        return Events.of(self._resets)

    @property
    def first(self) -> Events:
        """The first payload of each direction of a connection, as far as captured."""
        return Events.of(self._first)

    @property
    def further(self) -> Events:
        """Of the first payloads those that are not in the sample, too."""
        first = self.first
        return first.take(_chance(first[Event.SEQ], first[Event.ACK]) >= self.threshold)

    @property
    def samples(self) -> Events:
        """Other segments, chosen by their numbers."""
        return Events.of(self._samples)

    def _keep(
        self, kind: str, kept: list[Cells], rows: Cells, at: Cells, key: Cells, side: Cells, prints: Cells | None = None
    ) -> None:
        if len(at) == 0:
            return
        kept.append(events_of(rows[at], key[at], side[at], prints))
        self._counts[kind] += len(at)
        most = SAMPLES if kind == "samples" else MOST
        if self._counts[kind] > most:
            self._thin(kind, kept)
            self._counts[kind] = sum(len(part) for part in kept)

    def _thin(self, kind: str, kept: list[Cells]) -> None:
        """Leave a half of them, or of the sample a quarter."""
        if kind == "samples":
            self.threshold //= 4
            kept[:] = [part[_chance(part[:, Event.SEQ], part[:, Event.ACK]) < self.threshold] for part in kept]
        elif kind == "resets":
            del kept[: len(kept) // 2]
        else:
            reset = distinct(self.resets[Event.KEY])
            late, room = len(kept) * 3 // 4, MOST // 4
            for k, part in enumerate(kept[:late]):
                kept[k] = part[one_of(part[:, Event.KEY], reset)][: max(room, 0)]
                room -= len(kept[k])


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
    words = np.lib.stride_tricks.sliding_window_view(octets, PRINTED)[at]
    words[np.arange(PRINTED) >= have[:, None]] = 0
    ends = (words[:, :-1] == RETURN) & (words[:, 1:] == NEWLINE)
    line = np.where(ends.any(axis=1), ends.argmax(axis=1), PRINTED)
    words[np.arange(PRINTED) >= line[:, None]] = 0
    return mixed((words.view(np.int64) * _ODDS).sum(axis=1), np.minimum(have, line)) & 0x7FFFFFFFFFFFFFFF


def _first_of_each(keys: Cells, at: Cells) -> Cells:
    """The first row of each key, in the order of rows."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    fresh = np.ones(len(ordered), dtype=bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return np.sort(at[order[fresh]])
