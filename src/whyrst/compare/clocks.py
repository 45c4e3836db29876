"""The clocks of captures, from the segments that they share, and which capture is nearer to the client.

A segment on its way from A to B is seen at B later than at A, by B's offset and a delay that is never negative. The
least difference of that direction bounds the offset from above, the greatest one of the other direction from below
(Paxson, "On calibrating measurements of packet transit times", SIGMETRICS 1998). A drift is fitted as the slope at
which the two bounds lie farthest apart. The middle of what is left is the offset, its half the uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whyrst.compare.conversations import crossed
from whyrst.compare.events import Event, Events
from whyrst.compare.lookup import common
from whyrst.compare.pairing import PROXIED, SHIFTED, Pairs
from whyrst.compare.survey import mixed
from whyrst.fast.layout import Flag
from whyrst.resets.facts import MS, SECOND, distinct

if TYPE_CHECKING:
    from whyrst.compare.conversations import Conversations
    from whyrst.compare.survey import Survey

    Cells = np.ndarray[Any, np.dtype[np.int64]]

STEEPEST = 1e-3
"""Clocks of computers drift by less."""
SHORT = 10 * SECOND
"""Within so little time drift is looked for only where the bounds contradict each other without one."""
USUAL = 3e-4
"""Then it is no more than this: two quartzes that are off by a hundred millionths or so."""
SET = MS
"""Nanoseconds by which the bounds of the two directions contradict each other when a clock was set."""
STRAY = 0.01
"""Share of samples that may contradict the rest: segments taken for others."""


class Shared(NamedTuple):
    """Segments that two captures share, as columns.

    Attributes:
        pair: row of their connection in `Pairs`.
        forth: sent by the client.
        left: time in one capture.
        right: time in the other.
        hops: TTL in the one less TTL in the other.
    """

    pair: Cells
    forth: np.ndarray[Any, np.dtype[np.bool_]]
    left: Cells
    right: Cells
    hops: Cells


@dataclass(frozen=True)
class Clock:
    """How to read a capture's clock: common time = t + offset + slope * (t - origin).

    Attributes:
        offset: nanoseconds.
        slope: drift against the common clock.
        origin: the capture's own time at which the offset holds exactly.
        uncertainty: nanoseconds to either side; None when only one direction bounds it, or nothing.
        known: whether anything ties it to the common clock.
    """

    offset: int = 0
    slope: float = 0.0
    origin: int = 0
    uncertainty: int | None = 0
    known: bool = True

    def common(self, time: int) -> int:
        """A time of this capture on the common clock."""
        return time + self.offset + round(self.slope * (time - self.origin))

    def own(self, common: int) -> int:
        """A common time on this capture's clock."""
        near = common - self.offset
        return near - round(self.slope * (near - self.origin))

    def all_common(self, times: Cells) -> Cells:
        """As `common`, of many times."""
        return times + self.offset + np.rint((times - self.origin) * self.slope).astype(np.int64)

    def all_own(self, common: Cells) -> Cells:
        """As `own`, of many times."""
        near = common - self.offset
        return near - np.rint((near - self.origin) * self.slope).astype(np.int64)


def shared(surveys: tuple[Survey, Survey], tables: tuple[Conversations, Conversations], pairs: Pairs) -> Shared:
    """Find the segments that two captures share: those that stand once in each."""
    found = []
    left = np.flatnonzero(pairs.how != PROXIED)
    while len(left):
        # A connection that got other addresses on the way stands in more than one pair: one of them at a time.
        once = _first(pairs.left[left]) & _first(pairs.right[left])
        at = left[once]
        some = _shared(surveys, tables, Pairs(*(column[at] for column in pairs)))
        found.append(some._replace(pair=at[some.pair]))
        left = left[~once]
    return Shared(*(np.concatenate(several) for several in zip(*found, strict=True))) if found else _nothing()


def _shared(surveys: tuple[Survey, Survey], tables: tuple[Conversations, Conversations], pairs: Pairs) -> Shared:
    """Those of connections of which each stands in one pair."""
    sides = []
    a, b = tables
    # Numbers are relative where they are shifted and both captures hold the handshake; elsewhere as they stand.
    both = (a.isn[:, pairs.left] >= 0) & (b.isn[:, pairs.right] >= 0) & ((pairs.how & SHIFTED) > 0)
    turn = crossed(a, pairs.left, b, pairs.right)
    told = b.known[pairs.right]
    turns = turn & told, turn & ~told
    for c, survey, column, turn in zip(tables, surveys, (pairs.left, pairs.right), turns, strict=True):
        of = np.full(len(c) + 1, -1)
        of[column] = np.arange(len(column))
        rows = Events.joined([survey.openings, survey.samples])
        at = c.of(rows[Event.KEY], rows[Event.FRAME])
        mine = np.flatnonzero(of[at] >= 0)
        rows, at = rows.take(mine), at[mine]
        forth = (rows[Event.SIDE] == c.client_side[at]) ^ turn[of[at]]
        sides.append((rows, of[at], forth, _names(c, at, rows, forth, of[at], both)))
    i, j = common(sides[0][3], sides[1][3])
    one, two = sides[0][0], sides[1][0]
    hops = one[Event.TTL][i] - two[Event.TTL][j]
    return Shared(sides[0][1][i], sides[0][2][i], one[Event.TIME][i], two[Event.TIME][j], hops)


def _nothing() -> Shared:
    """No segment."""
    none = np.zeros(0, dtype=np.int64)
    return Shared(none, none == 0, none, none, none)


def _first(values: Cells) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where a value stands for the first time."""
    every = np.arange(len(values))
    at = np.zeros(int(values.max()) + 1, dtype=np.int64)
    at[values[::-1]] = every[::-1]
    first: np.ndarray[Any, np.dtype[np.bool_]] = at[values] == every
    return first


def _names(c: Conversations, at: Cells, rows: Events, forth: Any, pair: Cells, known: Any) -> Cells:
    """One hash per segment, of its relative numbers: they survive translation and shifting."""
    isn = np.where(known[:, pair], c.isn[:, at], -1)
    base = np.where(forth, isn[0], isn[1])
    other = np.where(forth, isn[1], isn[0])
    seq = np.where(base >= 0, (rows[Event.SEQ] - base) & 0xFFFFFFFF, rows[Event.SEQ])
    acks = (rows[Event.FLAGS] & Flag.ACK) != 0
    ack = np.where(acks, np.where(other >= 0, (rows[Event.ACK] - other) & 0xFFFFFFFF, rows[Event.ACK]), 0)
    marks = (rows[Event.FLAGS] << 32) | rows[Event.LENGTH]
    return mixed(pair, forth.astype(np.int64), seq, ack, marks, rows[Event.TSVAL])


def with_proxied(found: Shared, tables: tuple[Conversations, Conversations], pairs: Pairs) -> Shared:
    """Add what a proxy passes on: it asks after it was asked, and answers after it was answered."""
    at = np.flatnonzero(pairs.how == PROXIED)
    if len(at) == 0:
        return found
    a, b, one, two = *tables, pairs.left[at], pairs.right[at]
    said = (a.answered[one] >= 0) & (b.answered[two] >= 0) & (a.print[1][one] == b.print[1][two])
    more = Shared(
        np.concatenate((at, at[said])),
        np.concatenate((np.ones(len(at), dtype=bool), np.zeros(int(said.sum()), dtype=bool))),
        np.concatenate((a.asked[one], a.answered[one][said])),
        np.concatenate((b.asked[two], b.answered[two][said])),
        np.zeros(len(at) + int(said.sum()), dtype=np.int64),
    )
    return Shared(*(np.concatenate(both) for both in zip(found, more, strict=True)))


def nearness(found: Shared, span: Cells) -> tuple[Cells, int]:
    """Which of two captures is nearer to the client: 1 the one, -1 the other, 0 not known.

    Every router on the way takes 1 from the TTL. Where none stands between, time tells: what the client sends reaches
    the other capture later, what the server sends sooner, so the differences of the two directions lie apart.

    Args:
        found: segments that they share.
        span: for each of their pairs of connections, in how many captures it stands. Those that most show decide:
            others may be opened from the other side.

    Returns:
        For each pair, from TTLs alone, and for all together.
    """
    signs = np.sign(found.hops) * np.where(found.forth, 1, -1)
    single = np.zeros(len(span), dtype=np.int64)
    np.add.at(single, found.pair, signs)
    single = np.sign(single)
    total = 0
    for widest in distinct(span)[::-1].tolist():
        chosen = span == widest
        total = int(np.sign(single[chosen].sum())) or _by_time(found, chosen)
        if total:
            break
    return single, total


def _by_time(found: Shared, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """Which of two captures is nearer to the client, from times alone: 1, -1, or 0 when they do not tell.

    The way round in which no segment arrives before it was sent, if need be with a drift; with segments that were
    taken for others, the way that most connections speak for.
    """
    most = int(np.sign(np.sign(_apart(found, chosen)).sum()))
    mine = chosen[found.pair]
    if most == 0 or not found.forth[mine].any() or found.forth[mine].all():
        return most
    differ = (found.right - found.left - (found.right[0] - found.left[0])).astype(np.float64)[mine]
    past = (found.right[mine] - int(found.right[mine].min())).astype(np.float64)
    forth = found.forth[mine]
    ways = [(past[mask], differ[mask]) for mask in (forth, ~forth)]
    rooms = {}
    for sign, turned in ((1, ways), (-1, ways[::-1])):
        rooms[sign] = _room(turned, _slope(turned, float(past.max())))
    return most if rooms[most] >= rooms[-most] else -most


def _apart(found: Shared, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """For each chosen connection how far the differences of the two directions lie apart: twice the way's delay."""
    differ = (found.right - found.left).astype(np.float64)
    differ -= differ[0] if len(differ) else 0.0
    sums = np.zeros((2, len(chosen)))
    counts = np.zeros((2, len(chosen)))
    for k, mask in enumerate((found.forth, ~found.forth)):
        np.add.at(sums[k], found.pair[mask], differ[mask])
        np.add.at(counts[k], found.pair[mask], 1)
    both = (counts > 0).all(axis=0) & chosen
    apart: np.ndarray[Any, np.dtype[np.float64]] = sums[0][both] / counts[0][both] - sums[1][both] / counts[1][both]
    return apart


def fit(found: Shared, nearer: Cells) -> Clock | None:
    """The clock that makes the other capture's times those of the one; None when they share no segment, or when one of
    the clocks was set meanwhile.

    Args:
        found: segments that they share.
        nearer: for each of them 1 when the one capture is nearer to the client, -1 when the other one is.
    """
    if len(found.left) == 0:
        return None
    base = int(found.right[0]) - int(found.left[0])
    differ = (found.right - found.left - base).astype(np.float64)
    forth = found.forth == (nearer >= 0)
    origin = int(found.right.min())
    past = (found.right - origin).astype(np.float64)
    ways = [(past[mask], differ[mask]) for mask in (forth, ~forth)]
    if not len(ways[0][0]) or not len(ways[1][0]):
        least = float(ways[0][1].min()) if len(ways[0][0]) else float(ways[1][1].max())
        return Clock(-base - round(least), 0.0, origin, None)
    slope = _slope(ways, float(past.max()))
    above, below = ways[0][1] - slope * ways[0][0], ways[1][1] - slope * ways[1][0]
    high, low = float(above.min()), float(below.max())
    if high < low:
        high, low = float(np.quantile(above, STRAY)), float(np.quantile(below, 1 - STRAY))
        if high < low - SET:
            return None
    return Clock(-base - round((high + low) / 2), -slope, origin, max(round(abs(high - low) / 2), 1))


def _room(ways: list[Any], slope: float) -> float:
    """How far the bounds of the two directions lie apart; less than 0 when they contradict each other."""
    return float((ways[0][1] - slope * ways[0][0]).min() - (ways[1][1] - slope * ways[1][0]).max())


def _slope(ways: list[Any], span: float) -> float:
    """The drift at which the bounds lie farthest apart, or 0 when they leave room without one."""
    if span < SHORT and _room(ways, 0.0) >= 0:
        return 0.0
    steepest = USUAL if span < SHORT else STEEPEST
    low, high = -steepest, steepest
    while high - low > 1e-10:  # noqa: PLR2004 - a tenth of a millionth of a millionth
        one, two = low + (high - low) / 3, high - (high - low) / 3
        low, high = (one, high) if _room(ways, one) < _room(ways, two) else (low, two)
    best = (low + high) / 2
    return best if _room(ways, 0.0) < _room(ways, best) / 2 else 0.0


def chained(pairs: dict[tuple[int, int], Clock], n: int) -> list[Clock]:
    """All clocks against the first capture's, along the pairs that are known best.

    Args:
        pairs: (a, b) -> the clock that turns b's times into a's.
        n: captures.
    """
    clocks: list[Clock] = [Clock(), *(Clock(uncertainty=None, known=False) for _ in range(n - 1))]
    while True:
        ways = [
            (_doubt(clocks[a], clock), a, b, clock)
            for (x, y), one in pairs.items()
            for a, b, clock in ((x, y, one), (y, x, _turned(one)))
            if clocks[a].known and not clocks[b].known
        ]
        if not ways:
            return clocks
        _, a, b, clock = min(ways, key=lambda way: way[:3])
        clocks[b] = _behind(clocks[a], clock)


def _doubt(one: Clock, two: Clock) -> float:
    if one.uncertainty is None or two.uncertainty is None:
        return float("inf")
    return one.uncertainty + two.uncertainty


def _turned(clock: Clock) -> Clock:
    """The way back."""
    return Clock(-clock.offset, -clock.slope, clock.origin + clock.offset, clock.uncertainty)


def _behind(first: Clock, then: Clock) -> Clock:
    """One clock after the other."""
    middle = then.origin + then.offset
    offset = then.offset + first.offset + round(first.slope * (middle - first.origin))
    doubt = _doubt(first, then)
    return Clock(offset, first.slope + then.slope, then.origin, None if doubt == float("inf") else int(doubt))
