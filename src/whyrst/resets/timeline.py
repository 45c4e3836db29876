"""Events of many keys in time, sorted once and asked many times: "how many for this key between then and then?"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from whyrst.resets.facts import Column

TICK = 1_000
"""Times are compared in microseconds."""
TIME_BITS = 44
"""203 days of microseconds; the rest of the 63 bits counts keys."""
LONGEST = (1 << TIME_BITS) - 1


def mix(*parts: Column) -> Column:
    """A hash of several columns, as signed numbers."""
    h = np.zeros(len(parts[0]), dtype=np.uint64)
    for part in parts:
        h = (h ^ part.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        h ^= h >> np.uint64(29)
    return h.view(np.int64)


class Keys:
    """Numbers keys densely, so that key and time fit one sortable integer."""

    def __init__(self, keys: Column, start: int) -> None:
        self.unique, self.rank = np.unique(keys, return_inverse=True)
        self.start = start

    def find(self, keys: Column) -> Column:
        """Rank of each key, -1 when unknown."""
        if len(self.unique) == 0:
            return np.full(len(keys), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.unique, keys), len(self.unique) - 1)
        return np.where(self.unique[at] == keys, at, -1)

    def ticks(self, times: Column) -> Column:
        """Times as ticks since the start, within the bits there are."""
        return np.clip((times - self.start) // TICK, 0, LONGEST)


class Timeline:
    """Events (rank of a key, time), sorted.

    Args:
        keys: the numbering.
        rank: rank of each event's key.
        times: time of each event, nanoseconds.
    """

    def __init__(self, keys: Keys, rank: Column, times: Column) -> None:
        self._keys = keys
        self._all = np.sort((rank << TIME_BITS) | keys.ticks(times))

    def _mark(self, rank: Column, times: Column) -> Column:
        return (rank << TIME_BITS) | self._keys.ticks(times)

    def count(self, rank: Column, first: Column, last: Column) -> Column:
        """Events of each key within [first, last]."""
        low = np.searchsorted(self._all, self._mark(rank, first), side="left")
        high = np.searchsorted(self._all, self._mark(rank, last), side="right")
        return np.where(rank >= 0, high - low, 0)

    def dense(self, number: int, within: int) -> Timeline:
        """The events that are at least the given number's last within some nanoseconds: the ends of bursts."""
        found = Timeline.__new__(Timeline)
        found._keys = self._keys  # noqa: SLF001 - of the same class
        last, first = self._all[number - 1 :], self._all[: max(len(self._all) - number + 1, 0)]
        found._all = last[(last - first) <= within // TICK]  # noqa: SLF001 - of the same class
        return found

    @classmethod
    def in_turn(cls, keys: Keys, rank: Column, spans: tuple[Column, Column], within: int) -> Timeline:
        """Ends of spans, those at once counted once: without each that had begun before its key's previous end and
        followed that within some nanoseconds.

        Args:
            keys: the numbering.
            rank: rank of each span's key.
            spans: begin and end of each, nanoseconds.
            within: what is "at once", nanoseconds.
        """
        order = np.lexsort((spans[1], rank))
        rank, began, ended = rank[order], spans[0][order], spans[1][order]
        fresh = np.ones(len(rank), dtype=bool)
        apart = (ended[1:] - ended[:-1] > within) | (began[1:] >= ended[:-1])
        fresh[1:] = (rank[1:] != rank[:-1]) | apart
        return cls(keys, rank[fresh], ended[fresh])

    def total(self, rank: Column) -> Column:
        """Events of each key."""
        low = np.searchsorted(self._all, rank << TIME_BITS, side="left")
        high = np.searchsorted(self._all, (rank << TIME_BITS) | LONGEST, side="right")
        return np.where(rank >= 0, high - low, 0)

    def after(self, rank: Column, times: Column) -> Column:
        """Nanoseconds to the key's next event after each time, -1 when there is none."""
        mark = self._mark(rank, times)
        return self._distance(np.searchsorted(self._all, mark, side="right"), rank, mark)

    def before(self, rank: Column, times: Column) -> Column:
        """Nanoseconds since the key's last event before each time, -1 when there is none."""
        mark = self._mark(rank, times)
        return self._distance(np.searchsorted(self._all, mark, side="left") - 1, rank, mark)

    def _distance(self, at: npt.NDArray[np.int64], rank: Column, mark: Column) -> Column:
        if len(self._all) == 0:
            return np.full(len(rank), -1, dtype=np.int64)
        inside = (at >= 0) & (at < len(self._all))
        found = self._all[np.clip(at, 0, len(self._all) - 1)]
        same = inside & (rank >= 0) & ((found >> TIME_BITS) == rank)
        return np.where(same, np.abs(found - mark) * TICK, -1)

    def period(self, rank: Column, times: Column) -> Column:
        """Nanoseconds of the rhythm that the events around each time keep, 0 when they keep none.

        Three intervals in a row must agree within a tenth.
        """
        n = len(self._all)
        if n < 4:  # noqa: PLR2004 - three intervals need four events
            return np.zeros(len(rank), dtype=np.int64)
        at = np.searchsorted(self._all, self._mark(rank, times), side="left")
        best = np.zeros(len(rank), dtype=np.int64)
        for shift in (-3, -2, -1, 0):
            first = at + shift
            inside = (first >= 0) & (first + 3 < n) & (rank >= 0)
            four = self._all[np.clip(first[:, None] + np.arange(4), 0, n - 1)]
            inside &= (four[:, 0] >> TIME_BITS == rank) & (four[:, 3] >> TIME_BITS == rank)
            steps = np.diff(four, axis=1)
            mean = steps.mean(axis=1)
            even = np.abs(steps - mean[:, None]).max(axis=1) <= np.maximum(mean * 0.1, 1)
            best = np.where((best == 0) & inside & even, (mean * TICK).astype(np.int64), best)
        return best
