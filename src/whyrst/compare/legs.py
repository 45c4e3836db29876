"""One connection as several captures show it: its segments on one clock, with numbers that can be compared.

A leg is what lies between two ends without a full proxy. A connection through a proxy has two legs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.compare.conversations import crossed
from whyrst.compare.events import Event
from whyrst.compare.pairing import PROXIED, SAME, SHIFTED, Pairs
from whyrst.compare.segment import ACK, LOCAL, Held, Segment
from whyrst.fast.layout import Flag, Opt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.compare.conversations import Conversations
    from whyrst.compare.sightings import Seen

    Cells = np.ndarray[Any, np.dtype[np.int64]]
    Mask = np.ndarray[Any, np.dtype[np.bool_]]

WRAP = 1 << 32


@dataclass(eq=False)
class Leg:
    """A connection between two ends without a proxy.

    Attributes:
        rows: capture -> its rows in that capture's table; more than one when single segments skipped a translation.
        how: what happened on the way, `pairing.HOWS`.
        flip: the client's end is at the path's other end.
        other: captures that show another leg of the same conversation.
        segments: capture -> its segments.
        seen: its resets, once they were put together.
    """

    rows: dict[int, list[int]]
    how: int = SAME
    flip: bool = False
    other: frozenset[int] = frozenset()
    segments: dict[int, list[Segment]] = field(default_factory=dict)
    seen: list[Seen] | None = None
    _held: dict[int, Held] = field(default_factory=dict)
    _usual: dict[tuple[int, bool], list[Segment]] = field(default_factory=dict)

    def forget(self) -> None:
        """Let the segments go."""
        self.segments, self.seen = {}, None
        self._held, self._usual = {}, {}

    def held(self, capture: int) -> Held:
        """What a capture holds of it."""
        if capture not in self._held:
            self._held[capture] = Held(self.segments.get(capture, ()))
        return self._held[capture]

    def usual(self, capture: int, *, forth: bool) -> list[Segment]:
        """What one end sent besides resets, as a capture shows it; probes written by hand have no habits."""
        if (capture, forth) not in self._usual:
            mine = (s for s in self.segments[capture] if s.forth == forth and not s.reset)
            self._usual[capture, forth] = [s for s in mine if s.options & ~Opt.MSS or not s.flags & Flag.SYN]
        return self._usual[capture, forth]

    @property
    def resets(self) -> dict[int, list[Segment]]:
        """Its resets, per capture."""
        return {c: [s for s in found if s.reset] for c, found in self.segments.items()}


def labels(tables: Sequence[Conversations], pairs: dict[tuple[int, int], Pairs]) -> Cells:
    """For each connection of all captures, one capture after the other, a number: the same for those that are one leg,
    that of the first of them."""
    base = np.cumsum([0, *(len(t) for t in tables)])
    one, two, _ = _edges(base, pairs)
    label = np.arange(int(base[-1]))
    while True:
        least = np.minimum(label[one], label[two])
        before = label.copy()
        np.minimum.at(label, one, least)
        np.minimum.at(label, two, least)
        if (label == before).all():
            return label


def legs(tables: Sequence[Conversations], pairs: dict[tuple[int, int], Pairs], label: Cells, chosen: Mask) -> list[Leg]:
    """The legs that are asked for, in the order of the captures.

    Args:
        tables: per capture, its connections.
        pairs: which of them are the same.
        label: see `labels`.
        chosen: label -> whether that leg is asked for.
    """
    base = np.cumsum([0, *(len(t) for t in tables)])
    one, _, how = _edges(base, pairs)
    found: dict[int, Leg] = {}
    for node in np.flatnonzero(chosen[label]).tolist():
        leg = found.setdefault(int(label[node]), Leg({}))
        c = int(np.searchsorted(base, node, side="right")) - 1
        leg.rows.setdefault(c, []).append(node - int(base[c]))
    changed = np.flatnonzero(chosen[label[one]] & (how != SAME))
    for x, code in zip(label[one[changed]].tolist(), how[changed].tolist(), strict=True):
        found[x].how |= code  # translated and shifted are bits
    _other_legs(found, label, base, pairs)
    return list(found.values())


def _edges(base: Cells, pairs: dict[tuple[int, int], Pairs]) -> tuple[Cells, Cells, Cells]:
    """Connections that are one leg, two and two, and what happened between."""
    edges = [
        (base[a] + p.left[p.how != PROXIED], base[b] + p.right[p.how != PROXIED], p.how[p.how != PROXIED])
        for (a, b), p in pairs.items()
    ]
    one, two, how = (
        np.concatenate([np.zeros(0, np.int64), *parts])
        for parts in (zip(*edges, strict=True) if edges else ((), (), ()))
    )
    return one, two, how


def _other_legs(found: dict[int, Leg], label: Cells, base: Cells, pairs: dict[tuple[int, int], Pairs]) -> None:
    """Tell legs which captures show the other side of their proxy."""
    for (a, b), p in pairs.items():
        at = np.flatnonzero(p.how == PROXIED)
        for x, y in zip(label[base[a] + p.left[at]].tolist(), label[base[b] + p.right[at]].tolist(), strict=True):
            for mine, capture in ((x, b), (y, a)):
                if mine in found and capture not in found[mine].rows:
                    found[mine].other |= {capture}


def fill(leg: Leg, events: Sequence[Cells], starts: Sequence[dict[int, tuple[int, int]]],
         tables: Sequence[Conversations]) -> None:  # fmt: skip
    """Give a leg its segments.

    Args:
        leg: the leg.
        events: per capture, gathered segments, on the common clock.
        starts: per capture, row of the table -> first and last + 1 of its events.
        tables: per capture, its connections.
    """
    mains = {c: _main(rows, tables[c]) for c, rows in leg.rows.items()}
    known = [c for c in sorted(mains) if tables[c].known[mains[c]]]
    isn: list[int] = [-1, -1]
    for c in [*known, *(c for c in sorted(mains) if c not in known)]:
        own = tables[c].isn[:, mains[c]].tolist()
        isn = [mine if mine >= 0 else other for mine, other in zip(isn, own, strict=True)]
        shift = [a - b if leg.how & SHIFTED and b >= 0 else 0 for a, b in zip(isn, own, strict=True)]
        whole = known[0] if known else c
        found: list[Segment] = []
        for row in leg.rows[c]:
            first, last = starts[c].get(row, (0, 0))
            client = _client_side(row, tables[c], mains[whole], tables[whole])
            found += _segments(events[c][:, first:last], client, shift, row)
        missing = [end for end, number in enumerate(own) if number < 0 <= isn[end]]
        if missing:
            found = _shifted(found, leg.segments[known[0]] if known and c != known[0] else [], missing)
        leg.segments[c] = sorted(found, key=lambda s: s.frame)


def _shifted(found: list[Segment], there: list[Segment], ends: list[int]) -> list[Segment]:
    """Segments of a capture without a SYN of these ends, with numbers as another capture has them: the distance that
    most segments have which look alike, or most acknowledgements of them."""
    step = [0, 0]
    for end in ends:
        apart: Counter[int] = Counter()
        for cell, sender in (("seq", end), ("ack", 1 - end)):
            known = sender not in ends
            names = [
                {_name(s, known): getattr(s, cell) for s in segments if s.forth == (sender == 0) and _usable(s, cell)}
                for segments in (found, there)
            ]
            apart.update((names[1][name] - number) % WRAP for name, number in names[0].items() if name in names[1])
        most = apart.most_common(1)
        if most and most[0][1] * 2 > sum(apart.values()):
            step[end] = most[0][0]
    if not any(step):
        return found
    return [
        s._replace(
            seq=(s.seq + step[not s.forth]) % WRAP,
            ack=(s.ack + step[s.forth]) % WRAP if s.flags & Flag.ACK else s.ack,
        )
        for s in found
    ]


def _usable(s: Segment, cell: str) -> bool:
    """Whether a segment's number tells how far a device shifts."""
    return bool(s.flags & Flag.ACK) if cell == "ack" else s.length > 0


def _name(s: Segment, known: bool) -> tuple[int, int, int, int, int]:  # noqa: FBT001 - the sender's numbers are those of all
    return s.length, s.stamp, s.flags, s.ip_id if s.ip_id > 0 else s.window, s.seq if known else -1


def _main(rows: list[int], table: Conversations) -> int:
    """The row that has the handshake, else the first."""
    return max(rows, key=lambda row: (int((table.isn[:, row] >= 0).sum()), -row))


def _client_side(row: int, table: Conversations, main: int, whole: Conversations) -> int:
    """`Event.SIDE` of the client; without a handshake it is the end that the rest of the connection says it is."""
    side = int(table.client_side[row])
    if table.known[row] and whole.known[main]:
        return side
    return 1 - side if crossed(table, np.array([row]), whole, np.array([main]))[0] else side


def _segments(events: Cells, client: int, shift: Sequence[int], row: int) -> list[Segment]:
    """Some columns of events as segments.

    Args:
        events: of one connection.
        client: `Event.SIDE` of its client.
        shift: what to add to numbers of the client and of the server.
        row: the connection.
    """
    if any(shift):
        events = _moved(events, client, shift)
    # Unpacked in the order of `Event`.
    frame, time, *ends, seq, ack, flags, window, length, ttl, ip_id, options, stamp, _, _, quality, _, side, _ = (
        events.tolist()
    )
    forth = [one == client for one in side]
    local = [bool(one & LOCAL) for one in quality]
    cells = (frame, time, forth, seq, ack, flags, length, window, ttl, ip_id, options, stamp, repeat(row), local)
    return list(map(Segment, *cells, zip(*ends, strict=True)))


def _moved(events: Cells, client: int, shift: Sequence[int]) -> Cells:
    """Events with shifted numbers."""
    moved = events.copy()
    forth = events[Event.SIDE] == client
    moved[Event.SEQ] = (events[Event.SEQ] + np.where(forth, *shift)) % WRAP
    acked = (events[Event.ACK] + np.where(forth, *shift[::-1])) % WRAP
    moved[Event.ACK] = np.where(events[Event.FLAGS] & ACK, acked, events[Event.ACK])
    return moved
