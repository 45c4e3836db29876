"""The second reading of a capture: the segments of connections that were reset anywhere, around their resets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.compare.events import CELLS, Event, Events, Kept
from whyrst.fast.select import survey as loop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whyrst.compare.conversations import Conversations
    from whyrst.segments.read import Batch

    Cells = np.ndarray[Any, np.dtype[np.int64]]
    Mask = np.ndarray[Any, np.dtype[np.bool_]]

MOST = 1 << 19
"""Segments of one capture that are held; beyond, those far from a reset are let go."""
SLOTS = 1 << 18
"""Among which the connections that are looked for are spread; a few others have the slot of one, too."""
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
        Events, shape (Event.COUNT, n), in the order of connections and frames; PRINT holds the table's row.
    """
    slots = np.zeros(SLOTS, dtype=np.uint8)
    names = table.key[wanted]
    slots[(names ^ (names >> 32)) & (SLOTS - 1)] = 1  # as `whyrst.fast.survey.slot` has it
    chosen = np.zeros(len(table), dtype=bool)
    chosen[wanted] = True
    kept, limit = Kept(), MOST
    for batch in batches:
        n = len(batch.rows)
        kept.reserve(n)
        kept.used = loop.pick(batch.rows.data, n, CELLS.data, slots.data, kept.table.data, kept.used)
        if len(kept) > limit:
            _assign(kept, table, chosen, early)
            limit = MOST + MOST // 8  # for segments of others
            if len(kept) > MOST:
                kept.leave(_near(Events(kept.tables), moments))
                limit = max(limit, 2 * len(kept))
    _assign(kept, table, chosen, early)
    events = Events(kept.tables)
    events = events.take(np.argsort(events[Event.PRINT], kind="stable"))
    return np.stack([events[cell] for cell in range(Event.COUNT)])


def _assign(kept: Kept, table: Conversations, chosen: Mask, early: Cells) -> None:
    """Write the table's rows to segments, and let go those of connections that are not wanted."""
    events = Events(kept.tables)
    if len(events) == 0:
        return
    key = events[Event.KEY]
    row = table.of(key, events[Event.FRAME])
    # A connection whose SYN this capture lost began before the frame that is the first one here.
    following = np.minimum(row + 1, len(table) - 1)
    row = np.where((table.key[following] == key) & (events[Event.TIME] >= early[following]), following, row)
    mine = np.flatnonzero((row >= 0) & chosen[row])
    kept.leave(mine)
    kept.assign(Event.PRINT, row[mine])


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
