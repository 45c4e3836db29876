"""The second reading of a capture: the segments of connections that were reset anywhere, around their resets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.compare.events import Event, Events, Kept
from whyrst.compare.survey import keys
from whyrst.fast.layout import Seg
from whyrst.resets.facts import distinct, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whyrst.compare.conversations import Conversations
    from whyrst.segments.read import Batch

    Cells = np.ndarray[Any, np.dtype[np.int64]]

MOST = 1 << 19
"""Segments of one capture that are held; beyond, those far from a reset are let go."""
EARLY = 8
"""Segments of a connection that stay in any case: its first."""
AROUND = 96
"""Segments of a connection that stay: those nearest to its resets."""


def gather(
    batches: Iterable[Batch], table: Conversations, wanted: Cells, moments: dict[int, list[int]], early: Cells
) -> Cells:
    """Pick the segments of some connections.

    Args:
        batches: the capture.
        table: its connections.
        wanted: rows of the table.
        moments: for a row, when its connection was reset anywhere, on this capture's clock.
        early: for each row, when its connection began elsewhere, on this capture's clock, if that was sooner.

    Returns:
        Events, shape (n, Event.COUNT), in the order of connections and frames; PRINT holds the table's row.
    """
    names = distinct(table.key[wanted])
    chosen = np.zeros(len(table), dtype=bool)
    chosen[wanted] = True
    kept, limit = Kept(), MOST
    ports = np.zeros(1 << 17, dtype=bool)  # the sum of both ports tells most others apart, and costs little
    ports[table.address[0, 2, wanted] + table.address[1, 2, wanted]] = True
    for batch in batches:
        rows = batch.rows[ports[batch.rows[:, Seg.SPORT] + batch.rows[:, Seg.DPORT]]]
        if len(rows) == 0:
            continue
        key, side = keys(rows)
        at = np.flatnonzero(one_of(key, names))
        if len(at) == 0:
            continue
        row = table.of(key[at], rows[at, Event.FRAME])
        # A connection whose SYN this capture lost began before the frame that is the first one here.
        following = np.minimum(row + 1, len(table) - 1)
        row = np.where((table.key[following] == key[at]) & (rows[at, Event.TIME] >= early[following]), following, row)
        mine = (row >= 0) & chosen[row]
        at, row = at[mine], row[mine]
        kept.add(rows[at], key[at], side[at], row)
        if len(kept) > limit:
            kept.leave(_near(Events(kept.tables), moments))
            limit = max(MOST, 2 * len(kept))
    events = Events(kept.tables)
    events = events.take(np.argsort(events[Event.PRINT], kind="stable"))
    return np.stack([events[cell] for cell in range(Event.COUNT)], axis=1)


def _near(events: Events, moments: dict[int, list[int]]) -> Cells:
    """Places of the first segments of each connection, and of those nearest to its resets."""
    order = np.argsort(events[Event.PRINT], kind="stable")
    group = events[Event.PRINT][order]
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    keep = np.zeros(len(group), dtype=bool)
    for first, last in zip(starts.tolist(), [*starts[1:].tolist(), len(group)], strict=True):
        times = events[Event.TIME][order[first:last]]
        away = np.min([np.abs(times - moment) for moment in moments.get(int(group[first]), [0])[:EARLY]], axis=0)
        keep[first : first + EARLY] = True
        keep[first + np.argsort(away, kind="stable")[:AROUND]] = True
    return np.sort(order[keep])
