"""Time as height: every segment has a row, and a pause adds to it by its logarithm.

A connection lives on all scales, from microseconds between segments to hours of silence; on a linear scale one of
them would hide the others. Order is always kept, and a longer pause is never drawn shorter.
"""

from __future__ import annotations

from bisect import bisect_right
from math import log10
from typing import TYPE_CHECKING

from whyrst.reports.ladder import SILENCE, Fold, Step, began, ended

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW = 27.0
"""Height of a segment with its label."""

BREAK = 44.0
"""Height of a silence or of a fold, which bears a label of its own."""

GAP = 10.0
"""Between a segment's arrow and what is cut out below it."""

_MILLISECOND = 1e6
_DECADE = 7.0
"""What each tenfold of a pause adds, from a millisecond on."""


class Scale:
    """Where each item of a ladder stands.

    Attributes:
        rows: height of each item, its arrow's or its fold's middle.
        silences: for an item after a silence, where the silence begins and ends.
        bottom: behind the last item.
    """

    def __init__(self, items: Sequence[Step | Fold], top: float) -> None:
        self.rows: list[float] = []
        self.silences: dict[int, tuple[float, float]] = {}
        self._times: list[int] = []
        self._heights: list[float] = []
        at = top
        before: Step | Fold | None = None
        for place, item in enumerate(items):
            pause = max(began(item) - ended(before), 0) if before is not None else 0
            if pause >= SILENCE:
                self.silences[place] = (at + GAP, at + BREAK + _stretch(pause) + GAP / 2)
                at += BREAK
            at += _stretch(pause) + (BREAK if isinstance(item, Fold) else ROW)
            self.rows.append(at - BREAK / 2 + GAP if isinstance(item, Fold) else at)
            self._mark(began(item), self.rows[-1])
            self._mark(ended(item), self.rows[-1])
            before = item
        late = [time for item in items if isinstance(item, Step) for time in item.seen if time is not None]
        self.bottom = max([at, *([self.height(max(late))] if late else [])]) + ROW

    def height(self, time: int) -> float:
        """Where a time stands, between the rows around it."""
        at = bisect_right(self._times, time)
        if at == 0:
            return self._heights[0]
        if at == len(self._times):
            return self._heights[-1] + _stretch(time - self._times[-1])
        before, after = self._times[at - 1], self._times[at]
        share = (time - before) / (after - before)
        return self._heights[at - 1] + share * (self._heights[at] - self._heights[at - 1])

    def _mark(self, time: int, height: float) -> None:
        """Remember a time's height; a clock that went backwards adds nothing, so that times stay in order."""
        if not self._times or time > self._times[-1]:
            self._times.append(time)
            self._heights.append(height)


def _stretch(pause: int) -> float:
    return _DECADE * log10(1 + pause / _MILLISECOND)
