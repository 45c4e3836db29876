"""What happened around the resets of a capture point: the log of all its connections, put together again.

The tracker of this step follows wanted flows only. The other connections stand in the lines that `find` wrote; here
both come together, numbered in the order in which they appeared, as one tracker of all segments would have done.

A tracker forgets finished connections when another one finishes. So that it does here what it would do with all
segments, it is told of ends: at most once a second a connection of no host opens and closes at once, a beat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.connections.tracker import LINES
from whyrst.fast.layout import Flag, Seg
from whyrst.fast.tables import Conn, End, Glob, Log, Rst
from whyrst.fleet import flows
from whyrst.fleet.lines import lines
from whyrst.resets.facts import SECOND
from whyrst.resets.timeline import mix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whyrst.connections.tracker import Tracker
    from whyrst.resets.facts import Column


BEAT = 1 << 40
"""Ports of a beat begin here, where no segment's can be."""
CLOSED = End.CLIENT_FIN | End.SERVER_FIN


class Around:
    """Connections of one capture point, as far as its captures were read.

    Args:
        out: OUT.
        wanted: the point's wanted flows, sorted.
    """

    def __init__(self, out: str, wanted: Column) -> None:
        self._out = out
        self._wanted = wanted
        self._others = np.zeros((Log.COUNT, 0), dtype=np.int64)
        """Lines of other connections, the latest; `Log.STREAM` counts these alone."""
        self._appeared = np.zeros(0, dtype=np.int64)
        """Latest time so far when each of them appeared."""
        self._count = 0
        """Other connections of all captures so far."""
        self._known: list[tuple[Column, Column]] = []
        """Of each cluster: its wanted connections by `_key`, sorted, and how many others had appeared before each."""
        self._before = np.zeros(0, dtype=np.int64)
        """The same by the tracker's own number, -1 where it is not known yet."""
        self._ends = np.zeros(0, dtype=np.int64)
        """When other connections ended, sorted, not before the last beat."""
        self._beats: list[int] = []
        """Numbers that the tracker gave to beats."""

    def connections(self, tracker: Tracker) -> int:
        """Connections so far, those of the tracker and others."""
        return self._count + int(tracker.g[Glob.STREAMS]) - len(self._beats)

    def beats(self, until: int) -> Column:
        """When beats are due, up to a time."""
        return self._ends[: np.searchsorted(self._ends, until)]

    def beat(self, tracker: Tracker, until: int) -> None:
        """Give the tracker the beats that are due before a time."""
        due = self.beats(until)
        self._ends = self._ends[len(due) :]
        for time in due.tolist():
            self._beats.append(int(tracker.g[Glob.STREAMS]))
            for _ in tracker.feed(_closing(time, len(self._beats)), 3, b"", int(tracker.g[Glob.CAPTURE])):
                pass

    def enter(self, cluster: Iterable[str], reached: int) -> None:
        """Take up the lines of the next captures.

        Args:
            cluster: their keys; they overlap in time.
            reached: latest time of a segment in the captures before.
        """
        logs, flow, at, file, nth = [], [], [], [], []
        for number, key in enumerate(cluster):
            one = lines(self._out, key)
            n = one.log.shape[1]
            logs.append(one.log)
            flow.append(one.flow)
            at.append(np.maximum.accumulate(one.log[Log.T_FIRST]))
            file.append(np.full(n, number))
            nth.append(np.arange(n))
        if not logs:
            return
        when = np.concatenate(at)
        order = np.lexsort((np.concatenate(nth), np.concatenate(file), when))
        log, of = np.concatenate(logs, axis=1)[:, order], np.concatenate(flow)[order]
        when = np.maximum(when[order], reached)
        wanted = flows.among(of, self._wanted)
        before = self._count + np.cumsum(~wanted)
        keys = _key(of[wanted], log[Log.T_FIRST, wanted])
        by_key = np.argsort(keys, kind="stable")
        self._known.append((keys[by_key], before[wanted][by_key]))
        others = log[:, ~wanted]
        others[Log.STREAM] = np.arange(self._count, self._count + others.shape[1])
        self._others = np.concatenate([self._others[:, -LINES:], others], axis=1)
        self._appeared = np.concatenate([self._appeared[-LINES:], when[~wanted]])
        self._count += others.shape[1]
        ends = np.sort(others[Log.T_LAST, (others[Log.END] & CLOSED) == CLOSED])
        ends = np.concatenate([self._ends, ends])
        ends.sort()
        self._ends = ends[np.diff(ends // SECOND, prepend=-1) > 0]

    def log(self, tracker: Tracker, now: int) -> Column:
        """The latest lines of all connections that had appeared by a time, columns of `Log` cells.

        Args:
            tracker: of the wanted flows; its log is up to date.
            now: ns since 1970.
        """
        size, until = tracker.log.shape[1], int(tracker.g[Glob.LINES])
        first = max(0, until - size)
        own = tracker.log[:, np.arange(first, until) % size]
        self._learn(first, until, own)
        real = own[Log.PORTS] < BEAT
        before = np.maximum.accumulate(self._before[first:until][real])
        own = own[:, real]
        own[Log.STREAM] += before - self._beats_before(own[Log.STREAM])
        first -= int(self._beats_before(np.array([first]))[0])
        seen = int(np.searchsorted(self._appeared, now, side="right"))
        others = self._others[:, max(0, seen - LINES) : seen].copy()
        others[Log.STREAM] += first + np.searchsorted(before, others[Log.STREAM], side="right")
        both = np.concatenate([own, others], axis=1)
        return both[:, np.argsort(both[Log.STREAM], kind="stable")[-LINES:]]

    def number(self, cells: Column) -> None:
        """Give the connections of resets their numbers among all connections; after `log`."""
        own = cells[Rst.CONN : Rst.CONN + Conn.COUNT]
        stream = own[Conn.STREAM]
        before = self._before[stream]
        lost = np.flatnonzero(before < 0)  # left the tracker's log before any reset was judged
        before[lost] = self._look_up(flows.of_connections(own[:, lost]), own[Conn.FIRST_TIME, lost])
        own[Conn.STREAM] = stream + before - self._beats_before(stream)

    def _learn(self, first: int, until: int, own: Column) -> None:
        """Note how many others had appeared before each of the tracker's connections in its log."""
        fresh = np.full(max(until - len(self._before), 0), -1, dtype=np.int64)
        self._before = np.concatenate([self._before, fresh])
        unknown = np.flatnonzero(self._before[first:until] < 0)
        found = self._look_up(flows.of_lines(own[:, unknown]), own[Log.T_FIRST, unknown])
        self._before[first + unknown] = found

    def _beats_before(self, streams: Column) -> Column:
        """How many beats the tracker numbered before."""
        return np.searchsorted(np.array(self._beats, dtype=np.int64), streams)

    def _look_up(self, flow: Column, time: Column) -> Column:
        """How many other connections had appeared before those of these flows that began at these times."""
        keys = _key(flow, time)
        found = np.full(len(keys), -1, dtype=np.int64)
        for known, before in reversed(self._known):
            if not (found < 0).any():
                break
            if len(known):
                at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
                found = np.where((found < 0) & (known[at] == keys), before[at], found)
        # One that `find` did not see begin there: by the clock.
        seen = np.searchsorted(self._appeared, time, side="right") + self._count - len(self._appeared)
        return np.where(found < 0, seen, found)


def _closing(time: int, nth: int) -> Column:
    """Three segments that open and close a connection: FIN, FIN, and its acknowledgement."""
    rows = np.zeros((3, Seg.COUNT), dtype=np.int64)
    rows[:, Seg.TIME] = time
    rows[:, [Seg.IP_ID, Seg.FLOW, Seg.TSVAL, Seg.TSECR, Seg.WSCALE, Seg.MSS, Seg.LINK_SRC]] = -1
    there, back = (BEAT >> 16) + nth, 0
    rows[:, Seg.SPORT], rows[:, Seg.DPORT] = (there, back, there), (back, there, back)
    rows[:, Seg.SEQ], rows[:, Seg.ACK] = (1, 1, 2), (1, 2, 2)
    rows[:, Seg.FLAGS] = (Flag.FIN | Flag.ACK, Flag.FIN | Flag.ACK, Flag.ACK)
    return rows


def _key(flow: Column, time: Column) -> Column:
    return mix(flow, time)
