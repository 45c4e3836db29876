"""Resets that are ripe to be judged, and what a judge sees beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
        ahead: the batches of the series, where another thread reads them. What is given are copies then, which stay as
            they are while the tracker goes on; else they are valid until the next is asked for.
    """
    present, place = None, 0
    for batch in series if ahead is None else ahead:
        if batch.capture is not present:
            present = batch.capture
            place = series.captures.index(present)
        for cells in tracker.feed(batch.rows, len(batch.rows), batch.buffer, place):
            yield _seen(tracker, cells, copied=ahead is not None)
    for cells in tracker.close():
        yield _seen(tracker, cells, copied=ahead is not None)


def _seen(tracker: Tracker, cells: Cells, *, copied: bool) -> Ripe:
    """The tracker's state."""
    if copied:
        return Ripe(cells.copy(), tracker.log.copy(), tracker.names, tracker.payloads.copy(), tracker.g.copy())
    return Ripe(cells, tracker.log, tracker.names, tracker.payloads, tracker.g)
