"""More connections were reset than can be looked into at all places: which of them are, and what becomes of the rest.

A scan of all ports resets as many connections as there are ports, and each of them costs kilobytes and tenths of a
millisecond once its segments are put together. So that is done for MOST connections: first for those whose resets do
not stand in all captures alike, since there the places tell most, then for others, from all over the captures. Resets
of the rest are judged from one capture; that they are the same ones in others is known by their numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whyrst.compare.conversations import NONE
from whyrst.compare.events import Event
from whyrst.compare.survey import mixed, reset_names
from whyrst.fast.layout import Seg
from whyrst.model import Origin, Sight
from whyrst.resets.text import endpoint, iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.compare.conversations import Conversations
    from whyrst.compare.survey import Survey

    Cells = np.ndarray[Any, np.dtype[np.int64]]
    Mask = np.ndarray[Any, np.dtype[np.bool_]]

MOST = 1 << 14
"""Connections with resets that are looked into at all places."""
ENDS = (Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT, Seg.DST_HI, Seg.DST_LO, Seg.DPORT)


class Crowd(NamedTuple):
    """Connections with resets, by their labels, see `legs.labels`.

    Attributes:
        chosen: label -> whether its connection is looked into.
        rest: how many resets the others have.
        elsewhere: per capture, frames of resets of the others that are judged at another place.
    """

    chosen: Mask
    rest: int
    elsewhere: list[Cells]


def choose(
    tables: Sequence[Conversations], surveys: Sequence[Survey], label: Cells, path: Sequence[int], most: int
) -> Crowd:
    """Choose the connections that are looked into.

    Args:
        tables: per capture, its connections.
        surveys: per capture.
        label: for all connections of all captures, one after the other, what those that are one have in common.
        path: captures from the client to the server.
        most: how many are chosen at most.
    """
    chosen = np.zeros(len(label), dtype=bool)
    chosen[label[np.concatenate([table.resets for table in tables]) > 0]] = True
    every = np.flatnonzero(chosen)
    if len(every) <= most:
        return Crowd(chosen, 0, [np.zeros(0, dtype=np.int64) for _ in tables])
    resets = _resets(tables, surveys, label, path)
    special = np.zeros(len(label) + 1, dtype=bool)  # the last one stands for NONE
    special[resets.label[resets.shown < len(tables)]] = True
    ranked = np.concatenate((every[special[every]], every[~special[every]]))
    chosen[ranked[most:]] = False
    rest = ~np.append(chosen, False)[resets.label]
    further = rest & ~resets.first
    elsewhere = [resets.frame[further & (resets.capture == c)] for c in range(len(tables))]
    return Crowd(chosen, int(np.count_nonzero(rest & resets.first)), elsewhere)


class _Resets(NamedTuple):
    """The resets of all captures, as columns: the same ones next to each other, from their sender on.

    Attributes:
        capture: which shows it.
        frame: its number there.
        label: of its connection; NONE where that is forgotten.
        first: it is the nearest to its sender among the same ones.
        shown: how many captures show it.
    """

    capture: Cells
    frame: Cells
    label: Cells
    first: Mask
    shown: Cells


def _resets(tables: Sequence[Conversations], surveys: Sequence[Survey], label: Cells, path: Sequence[int]) -> _Resets:
    """Find the same resets in all captures, by their numbers and the ends of their connections."""
    key, client = (np.concatenate([getattr(t, name) for t in tables]) for name in ("key", "client_side"))
    parts = []
    base = 0
    for c, (table, survey) in enumerate(zip(tables, surveys, strict=True)):
        events = survey.resets
        row = table.of(events[Event.KEY], events[Event.FRAME])
        leg = label[base + row]
        forth = events[Event.SIDE] == table.client_side[row]
        # Addresses may be translated: those count that the first capture shows.
        known = reset_names(events, key[leg], np.where(forth, client[leg], 1 - client[leg]))
        gone = survey.forgotten
        name = np.concatenate((gone[0], known))
        frame = np.concatenate((gone[1], events[Event.FRAME]))
        forth = np.concatenate((gone[2] > 0, forth))
        leg = np.concatenate((np.full(len(gone[0]), NONE), leg))
        place = path.index(c)
        way = np.where(forth, place, -place).astype(np.int16)
        parts.append((mixed(name, _turn(name)), way, np.full(len(name), c, dtype=np.int16), frame, leg))
        base += len(table)
    name, way, capture, frame, leg = (np.concatenate(column) for column in zip(*parts, strict=True))
    del parts  # there may be millions
    order = np.lexsort((way, name))
    first = np.diff(name[order], prepend=name[order][:1] - 1) != 0
    shown = np.diff(np.flatnonzero(first), append=len(order))[np.cumsum(first) - 1]
    return _Resets(capture[order], frame[order], leg[order], first, shown)


def _turn(name: Cells) -> Cells:
    """For each name how many equal ones stand before it."""
    order = np.argsort(name, kind="stable")
    ordered = name[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    turn = np.empty(len(name), dtype=np.int64)
    turn[order] = np.arange(len(name)) - np.repeat(starts, np.diff(starts, append=len(name)))
    return turn


def one_of_many(reset: Cells, capture: str, place: str) -> Origin:
    """What is said of a reset whose connection is not looked into.

    Args:
        reset: its cells, `Seg`.
        capture: where it is judged.
        place: what that place is called.
    """
    src_hi, src_lo, sport, dst_hi, dst_lo, dport, ip_id = reset[[*ENDS, Seg.IP_ID]].tolist()
    sight = Sight(
        capture=capture,
        place=place,
        seen=True,
        frame=int(reset[Seg.FRAME]),
        time=iso(int(reset[Seg.TIME])),
        source=endpoint(src_hi, src_lo, sport),
        destination=endpoint(dst_hi, dst_lo, dport),
        ttl=int(reset[Seg.TTL]),
        ip_id=ip_id if ip_id >= 0 else None,
        window=int(reset[Seg.WINDOW]),
    )
    says = f"too many connections were reset to trace all, so this capture alone tells; {MOST:,} of them were traced"
    return Origin(kind="unknown", places=(), lost_between=(), sights=(sight,), says=says)
