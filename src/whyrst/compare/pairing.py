"""Finds the same connections in two captures, through whatever stands between.

Each way of knowing a connection again is one hash per connection; two are the same when a hash stands once in each
capture. What is known best comes first: addresses, ports and initial number; then the initial numbers, which address
translation leaves alone; then timestamps, which devices that shift sequence numbers leave alone; then sampled
segments. Connections of a full proxy have only their content in common, see `proxied`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whyrst.compare.events import Event, Events
from whyrst.compare.lookup import common
from whyrst.compare.survey import mixed
from whyrst.resets.facts import MINUTE, SECOND, ahead

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.compare.conversations import Conversations
    from whyrst.compare.survey import Survey

    Cells = np.ndarray[Any, np.dtype[np.int64]]
    Mask = np.ndarray[Any, np.dtype[np.bool_]]
    Names = Callable[[Events], tuple[Cells, Mask]]

SAME, TRANSLATED, SHIFTED, BOTH, PROXIED = range(5)
HOWS = ("same", "translated", "shifted", "translated, shifted", "proxied")

NEAR = 1 << 28
"""Sequence numbers of one direction in two captures are nearer than this: 256 MiB."""
NEAREST = 8
"""Connections with the same first words that are looked at, before and after in time."""
LATER = 30 * SECOND
"""A proxy opens its own connection this long after the request at most."""


def segment_names(rows: Events) -> tuple[Cells, Mask]:
    """What a segment keeps through address translation, as one hash, and where that is enough to know it again."""
    cells = (Event.SEQ, Event.ACK, Event.FLAGS, Event.LENGTH, Event.TSVAL, Event.IP_ID)
    return mixed(*(rows[cell] for cell in cells)), (rows[Event.LENGTH] > 0) | (rows[Event.TSVAL] >= 0)


def payload_names(rows: Events) -> tuple[Cells, Mask]:
    """The same where network cards cut or merge segments: then only the first piece is known again."""
    return mixed(*(rows[cell] for cell in (Event.SEQ, Event.ACK, Event.TSVAL))), rows[Event.LENGTH] > 0


class Pairs(NamedTuple):
    """Connections of two captures that are the same: their rows there, and what happened between.

    A connection can be in two pairs, when single segments of it came with other addresses (`_strays`).
    """

    left: Cells
    right: Cells
    how: Cells


class _Finder:
    """Collects pairs; a connection is in one pair at most."""

    def __init__(self, a: Conversations, b: Conversations) -> None:
        self.a, self.b = a, b
        self.free = np.ones(len(a), dtype=bool), np.ones(len(b), dtype=bool)
        self.found: list[tuple[Cells, Cells, Cells]] = []

    def once(self, names: tuple[Cells, Cells], usable: tuple[Mask, Mask], how: int | None = None) -> None:
        """Pair the free connections whose name stands exactly once on each side.

        Args:
            names: one hash per connection, of each capture.
            usable: where that hash is known.
            how: what happened between; None: judged from addresses and numbers.
        """
        at = [np.flatnonzero(free & known) for free, known in zip(self.free, usable, strict=True)]
        i, j = common(names[0][at[0]], names[1][at[1]])
        self.add(at[0][i], at[1][j], how)

    def add(self, left: Cells, right: Cells, how: int | None = None) -> None:
        """Take these pairs."""
        if len(left) == 0:
            return
        codes = self._how(left, right) if how is None else np.full(len(left), how)
        self.found.append((left, right, codes))
        self.free[0][left] = False
        self.free[1][right] = False

    def pairs(self) -> Pairs:
        """All of them."""
        if not self.found:
            nothing = np.zeros(0, dtype=np.int64)
            return Pairs(nothing, nothing, nothing)
        return Pairs(*(np.concatenate(parts) for parts in zip(*self.found, strict=True)))

    def _how(self, left: Cells, right: Cells) -> Cells:
        translated = self.a.key[left] != self.b.key[right]
        one, two = self.a.isn[:, left], self.b.isn[:, right]
        shifted = ((one != two) & (one >= 0) & (two >= 0)).any(axis=0)
        return TRANSLATED * translated + SHIFTED * shifted


def pair(a: Conversations, b: Conversations, samples: tuple[Survey, Survey]) -> Pairs:
    """Find the connections that two captures both show, apart from those of a full proxy."""
    found = _Finder(a, b)
    isn: tuple[Any, Any] = (a.isn >= 0, b.isn >= 0)
    stamped: tuple[Any, Any] = (a.stamp > 0, b.stamp > 0)
    for end in (0, 1):
        found.once((mixed(a.key, a.isn[end]), mixed(b.key, b.isn[end])), (isn[0][end], isn[1][end]))
    found.once((mixed(a.isn[0], a.isn[1]), mixed(b.isn[0], b.isn[1])), (isn[0].all(axis=0), isn[1].all(axis=0)))
    first = mixed(a.isn[0], a.stamp[0], a.shape[0]), mixed(b.isn[0], b.stamp[0], b.shape[0])
    found.once(first, (isn[0][0], isn[1][0]))
    stamps = mixed(a.stamp[0], a.stamp[1]), mixed(b.stamp[0], b.stamp[1])
    found.once(stamps, (stamped[0].all(axis=0), stamped[1].all(axis=0)))
    packet = tuple(mixed(c.stamp[0], c.ip_id[0], c.shape[0]) for c in (a, b))
    known = tuple((c.ip_id[0] > 0) | (c.stamp[0] > 0) for c in (a, b))
    found.once((packet[0], packet[1]), (known[0] & isn[0][0], known[1] & isn[1][0]))
    _same_ends(found)
    _by_samples(found, samples, found.free)
    _strays(found)
    for here in (0, 1):
        # One end of a connection may get other addresses on the way: a NAT forgot it.
        for names in (segment_names, payload_names):
            free = [f.copy() for f in found.free]
            free[1 - here][:] = True
            _by_samples(found, samples, (free[0], free[1]), names)
    return found.pairs()


def _same_ends(found: _Finder) -> None:
    """Connections of one pair of ends of which nothing else is known: the only one there, or the k-th of equally many.

    When both SYNs are known and their timestamps or options differ, a transparent proxy answered with its own.
    """
    a, b = found.a, found.b
    rank = [_rank(c, free) for c, free in zip((a, b), found.free, strict=True)]
    names = [mixed(c.key, *r) for c, r in zip((a, b), rank, strict=True)]
    at = [np.flatnonzero(free) for free in found.free]
    i, j = common(names[0][at[0]], names[1][at[1]])
    left, right = at[0][i], at[1][j]
    one, two = a.isn[:, left], b.isn[:, right]
    handshake = (one[0] >= 0) & (two[0] >= 0)
    stamps = a.stamp[0][left], b.stamp[0][right]
    shapes = a.shape[0][left], b.shape[0][right]
    own = (shapes[0] >= 0) & (shapes[1] >= 0) & ((stamps[0] != stamps[1]) | (shapes[0] != shapes[1]))
    near = np.ones(len(left), dtype=bool)
    for end in (0, 1):
        x, y = a.number[end][left], b.number[end][right]
        near &= (x < 0) | (y < 0) | (np.abs(ahead(x, y)) < NEAR)
    found.add(left[own], right[own], PROXIED)
    fits = ~own & (near | handshake)
    found.add(left[fits], right[fits])
    # Without the handshake in both, a device may shift the numbers: equal first words of one direction tell that the
    # connections are one, or the time, when there is no other connection of these ends.
    words = ((a.print[:, left] == b.print[:, right]) & (a.print[:, left] >= 0)).any(axis=0)
    alone = (rank[0][1][left] == 1) & (np.abs(a.time[left] - b.time[right]) < MINUTE)
    rest = ~own & ~fits & (words | alone)
    found.add(left[rest], right[rest], SHIFTED)


def _rank(c: Conversations, free: Mask) -> tuple[Cells, Cells]:
    """For each connection: its place among the free ones of the same ends, and how many there are."""
    rank, total = np.zeros(len(c), dtype=np.int64), np.zeros(len(c), dtype=np.int64)
    ordered = np.flatnonzero(free)
    if len(ordered) == 0:
        return rank, total
    keys = c.key[ordered]
    starts = np.ones(len(keys), dtype=bool)
    starts[1:] = keys[1:] != keys[:-1]
    group = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    rank[ordered] = np.arange(len(ordered)) - first[group]
    total[ordered] = np.bincount(group)[group]
    return rank, total


def _by_samples(
    found: _Finder, surveys: tuple[Survey, Survey], usable: tuple[Mask, Mask], names: Names = segment_names
) -> None:
    """Connections whose beginning was not captured and whose addresses are translated: equal sampled segments."""
    if not all(some.any() for some in usable):
        return
    sides = []
    for c, survey, free in zip((found.a, found.b), surveys, usable, strict=True):
        rows = Events.joined([survey.samples, survey.first, survey.resets])
        at = c.of(rows[Event.KEY], rows[Event.FRAME])
        wanted = at >= 0
        wanted[wanted] = free[at[wanted]]
        rows, at = rows.take(wanted), at[wanted]
        hashes, known = names(rows)
        sides.append((hashes[known], at[known]))
    i, j = common(sides[0][0], sides[1][0])
    left, right = sides[0][1][i], sides[1][1][j]
    # The pair of connections that share the most segments wins.
    code, votes = np.unique(left * (len(found.b) + 1) + right, return_counts=True)
    for k in np.argsort(-votes, kind="stable").tolist():
        x, y = divmod(int(code[k]), len(found.b) + 1)
        if usable[0][x] and usable[1][y] and (found.free[0][x] or found.free[1][y]):
            found.add(np.array([x]), np.array([y]), TRANSLATED)


def _strays(found: _Finder) -> None:
    """What looks like a connection in one capture, and in the other has the ends and numbers of one that is paired
    already: single segments of it skipped the address translation."""
    for here, there, swap in ((found.a, found.b, False), (found.b, found.a, True)):
        rows = np.flatnonzero(found.free[1 if swap else 0])
        at = there.of(here.key[rows], np.zeros(len(rows), dtype=np.int64))
        rows, at = rows[at >= 0], at[at >= 0]
        near = np.ones(len(rows), dtype=bool)
        turned = here.client_side[rows] != there.client_side[at]
        for end in (0, 1):
            x = here.number[end][rows]
            y = np.where(turned, there.number[1 - end][at], there.number[end][at])
            near &= (x < 0) | (y < 0) | (np.abs(ahead(x, y)) < NEAR)
        left, right = (at, rows) if swap else (rows, at)
        found.add(left[near], right[near], SAME)


def proxied(a: Conversations, b: Conversations, taken: Pairs, offset: int | None) -> Pairs:
    """Pair connections on both sides of a full proxy: the same first words, and one soon after the other.

    Args:
        a: connections of one capture.
        b: connections of the other.
        taken: pairs that are known already.
        offset: nanoseconds that the second capture's clock is ahead of the first's; None when nothing tells.
    """
    found = _Finder(a, b)
    found.free[0][taken.left] = False
    found.free[1][taken.right] = False
    words = a.print[0] >= 0, b.print[0] >= 0
    at = [np.flatnonzero(free & known) for free, known in zip(found.free, words, strict=True)]
    if offset is None:
        i, j = common(a.print[0][at[0]], b.print[0][at[1]])
        left, right = at[0][i], at[1][j]
        soon = np.abs(a.asked[left] - b.asked[right]) < MINUTE
        relay = (a.address[1, :2][:, left] == b.address[0, :2][:, right]).all(axis=0)
        relay |= (b.address[1, :2][:, right] == a.address[0, :2][:, left]).all(axis=0)
        soon |= relay | _alike(a, b, left, right)
        found.add(left[soon], right[soon], PROXIED)
        return found.pairs()
    ordered = [rows[np.lexsort((c.asked[rows], c.print[0][rows]))] for c, rows in zip((a, b), at, strict=True)]
    prints = a.print[0][ordered[0]], b.print[0][ordered[1]]
    times = a.asked[ordered[0]], b.asked[ordered[1]] - offset
    for at_left, x in enumerate(ordered[0].tolist()):
        low, high = (int(np.searchsorted(prints[1], prints[0][at_left], side)) for side in ("left", "right"))
        now = int(times[0][at_left])
        near = low + int(np.searchsorted(times[1][low:high], now))
        choice = [k for k in range(max(low, near - NEAREST), min(high, near + NEAREST)) if found.free[1][ordered[1][k]]]
        best = min(choice, key=lambda k: abs(int(times[1][k]) - now), default=-1)
        if best >= 0 and abs(int(times[1][best]) - now) < LATER:
            found.add(np.array([x]), ordered[1][best : best + 1], PROXIED)
    return found.pairs()


def _alike(a: Conversations, b: Conversations, left: Cells, right: Cells) -> Mask:
    """Where clocks tell nothing: the same request got the same answer after the same time, and most such pairs agree
    about how far the clocks lie apart."""
    answered = (a.answered[left] >= 0) & (b.answered[right] >= 0) & (a.print[1][left] == b.print[1][right])
    took = a.answered[left] - a.asked[left], b.answered[right] - b.asked[right]
    alike = answered & (np.abs(took[0] - took[1]) < SECOND)
    apart = b.asked[right] - a.asked[left]
    if alike.any():
        alike &= np.abs(apart - int(np.median(apart[alike]))) < SECOND
    return alike
