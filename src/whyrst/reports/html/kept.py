"""The verdicts that the page holds: all of them, or those that matter most when there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.reports.source import HARMS, WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.model import Incident, Quality, Verdict
    from whyrst.reports.source import Judged, Source
    from whyrst.reports.timeline import Timeline

    Array = np.ndarray[Any, np.dtype[np.int64]]

LIMIT = 10_000
"""Verdicts that the page holds."""

FIRST = 20
"""Resets of each cause that are kept whatever harm they did."""

LADDERS = 100
"""Ladders that the page holds."""

_RANK = np.array([WORST_FIRST.index(level) + 1 for level in HARMS])
"""Place of each harm code when the worst comes first; 0 is for the first of a cause."""


class Kept:
    """Passes a source on, keeps its most telling verdicts and counts all resets over time.

    Attributes:
        total: resets that went by.
    """

    def __init__(self, source: Source, timeline: Timeline, limit: int = LIMIT) -> None:
        self._source = source
        self._timeline = timeline
        self._limit = limit
        self._ranks: list[list[tuple[int, Verdict]]] = [[] for _ in range(len(HARMS) + 1)]
        self._of_cause: dict[str, int] = {}
        self._held = 0
        self.total = 0

    def batches(self) -> Iterator[Judged]:
        """The batches, taken in."""
        for judged in self._source.batches():
            self._timeline.add(judged)
            self._take(judged)
            yield judged

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """As they are."""
        return self._source.incidents

    @property
    def quality(self) -> Quality:
        """As it is."""
        return self._source.quality

    def verdicts(self) -> list[Verdict]:
        """What was kept, in the order of the captures."""
        held = [one for rank in self._ranks for one in rank]
        return [verdict for _, verdict in sorted(held, key=lambda one: one[0])]

    def _take(self, judged: Judged) -> None:
        ranks = self._rank(judged)
        rows = np.arange(len(judged))
        if self._held + len(judged) > self._limit:
            # What ranks no better than the worst that is held can enter only as long as there is room.
            first = max(self._limit - self._held, 0)
            rows = rows[(rows < first) | (ranks < self._worst())]
        for row in rows.tolist():
            rank = int(ranks[row])
            if self._held == self._limit:
                worst = self._worst()
                if rank >= worst:
                    continue
                self._ranks[worst].pop()
                self._held -= 1
            self._ranks[rank].append((self.total + row, judged.verdict(row)))
            self._held += 1
        self.total += len(judged)

    def _rank(self, judged: Judged) -> Array:
        """By harm, but the first of each cause before all."""
        ranks: Array = _RANK[judged.harm]
        for code in np.unique(judged.cause).tolist():
            cause = judged.ids[code]
            mine = np.flatnonzero(judged.cause == code)
            seen = self._of_cause.get(cause, 0)
            ranks[mine[: max(FIRST - seen, 0)]] = 0
            self._of_cause[cause] = seen + len(mine)
        return ranks

    def _worst(self) -> int:
        """The rank that must give way first; the best when there is none, so that nothing gives way."""
        return max((rank for rank, held in enumerate(self._ranks) if held), default=len(self._ranks))


def to_draw(verdicts: list[Verdict], examples: list[Verdict], limit: int = LADDERS) -> list[Verdict]:
    """Whose ladders the page shows: each cause's example, the first of each incident, then the most harmful."""
    first: dict[str, Verdict] = {}
    for one in verdicts:
        if one.incident is not None:
            first.setdefault(one.incident, one)
    harmful = sorted(verdicts, key=lambda one: (WORST_FIRST.index(one.harm.level), one.reset.ordinal > 1))
    chosen: dict[tuple[str, int], Verdict] = {}
    for one in (*examples, *first.values(), *harmful):
        if len(chosen) < limit:
            chosen.setdefault((one.capture, one.frame), one)
    return list(chosen.values())
