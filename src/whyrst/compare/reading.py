"""The second reading of a capture: its connections are followed on the common clock, while others look through it.

Resets are judged when the segments around them were picked from all captures, so those of a capture wait when it ended.
When there are more of them than a tracker lets wait, they do not: that capture is followed in a third reading.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whyrst.connections.tracker import PAYLOAD, Tracker
from whyrst.fast.layout import Seg
from whyrst.segments.ahead import ahead

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from whyrst.compare.clocks import Clock
    from whyrst.segments.read import Batch, Capture, Series

    Cells = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(eq=False)
class Followed:
    """What a tracker knows when a capture has ended; its table, which is large, is gone.

    Attributes:
        resets: batches of resets to be judged, as columns (Rst.COUNT, m).
        g: `Tracker.g`.
        log: `Tracker.log`.
        names: `Tracker.names`.
        payloads: `Tracker.payloads`.
    """

    resets: list[Cells]
    g: Cells
    log: Cells
    names: dict[int, str]
    payloads: dict[int, bytes]


class Reading:
    """Iterate it once: the batches of a capture, still with the times of its own clock.

    Attributes:
        series: the capture.
        followed: its resets, when it was read to its end; None when there are too many to wait.
    """

    def __init__(self, series: Series, clock: Clock, *, threads: bool = False) -> None:
        self.series = series
        self.followed: Followed | None = None
        self._clock = clock
        self._threads = threads

    def __iter__(self) -> Iterator[Batch]:
        tracker: Tracker | None = Tracker()
        with ahead(self.series, PAYLOAD) if self._threads else nullcontext(self.series) as batches:
            for batch in batches:
                yield batch
                if tracker is not None:
                    told_by(self._clock, batch)
                    full = next(tracker.feed(batch.rows, len(batch.rows), batch.buffer), None) is not None
                    tracker = None if full else tracker
        if tracker is not None:
            self.followed = _ended(tracker)


class OnOneClock:
    """A series whose times are those of the common clock."""

    def __init__(self, series: Series, clock: Clock) -> None:
        self._series, self._clock = series, clock

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._series:
            told_by(self._clock, batch)
            yield batch

    @property
    def captures(self) -> list[Capture]:
        """Those opened so far."""
        return self._series.captures


def told_by(clock: Clock, batch: Batch) -> None:
    """Set the times of a batch to those of the common clock."""
    times = batch.rows[:, Seg.TIME]
    if clock.slope:
        times[:] = clock.all_common(times)
    elif clock.offset:
        times += clock.offset


def _ended(tracker: Tracker) -> Followed:
    """What is left of a capture that was followed to its end."""
    payloads = dict(tracker.payloads)  # the tracker forgets those that it hands out
    resets = [cells.copy() for cells in tracker.close()]
    return Followed(resets, tracker.g, tracker.log, tracker.names, payloads)
