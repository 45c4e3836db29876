"""Resets that are ripe to be judged, and what a judge sees beside them."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whyrst.fast.tables import Glob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whyrst.connections.tracker import Cells, Tracker
    from whyrst.segments.read import Batch, Series


class Ripe(NamedTuple):
    """Resets and the tracker's state at that moment.

    Attributes:
        cells: the resets, shape (Rst.COUNT, n).
        log: recent connections as columns, shape (Log.COUNT, lines).
        names: as `Tracker.names`; the tracker goes on to add to it.
        payloads: as `Tracker.payloads`.
        g: `Glob` cells.
    """

    cells: Cells
    log: Cells
    names: dict[int, str]
    payloads: dict[int, bytes]
    g: Cells


def ripe(tracker: Tracker, series: Series, ahead: Iterable[Batch] | None = None) -> Iterator[Ripe]:
    """Follow a series to its end; gives resets as they become ripe.

    Args:
        tracker: follows the segments.
        series: what it follows.
        ahead: the batches of the series, where another thread reads them. What is given then stays as it is while the
            next is made; else the tracker must wait.
    """
    rooms = cycle((Room(), Room()))
    present, place = None, 0
    for batch in series if ahead is None else ahead:
        if batch.capture is not present:
            present = batch.capture
            place = series.captures.index(present)
        for cells in tracker.feed(batch.rows, len(batch.rows), batch.buffer, place):
            yield next(rooms).copied(tracker, cells) if ahead is not None else _seen(tracker, cells)
    for cells in tracker.close():
        others = tracker.g[Glob.RESETS] - tracker.g[Glob.FLUSHED] > cells.shape[1]
        yield next(rooms).copied(tracker, cells) if ahead is not None and others else _seen(tracker, cells)


class Room:
    """Where a copy of the tracker's state stays while it is judged."""

    def __init__(self) -> None:
        self._cells: Cells = np.zeros((0, 0), dtype=np.int64)
        self._log: Cells = np.zeros((0, 0), dtype=np.int64)

    def copied(self, tracker: Tracker, cells: Cells) -> Ripe:
        """The tracker's state, valid until this is called again."""
        count = cells.shape[1]
        if count > self._cells.shape[1]:
            self._cells = np.empty(cells.shape, dtype=np.int64)
        if self._log.shape != tracker.log.shape:
            self._log = np.empty(tracker.log.shape, dtype=np.int64)
        np.copyto(self._cells[:, :count], cells)
        np.copyto(self._log, tracker.log)
        return Ripe(self._cells[:, :count], self._log, tracker.names, tracker.payloads.copy(), tracker.g.copy())


def _seen(tracker: Tracker, cells: Cells) -> Ripe:
    """The tracker's state, as long as the tracker waits; the last resets' for ever."""
    return Ripe(cells, tracker.log, tracker.names, tracker.payloads.copy(), tracker.g.copy())
