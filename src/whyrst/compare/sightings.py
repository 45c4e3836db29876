"""Which resets of several captures are one and the same, and whether a capture would have shown one that it lacks."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from whyrst.compare.segment import ACK, ESSENTIAL, RST, SYN
from whyrst.resets.facts import MS, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whyrst.compare.legs import Leg
    from whyrst.compare.segment import Segment

SLACK = MS // 5
"""Nanoseconds by which a well-known clock may still be off: time stamps are taken by busy machines."""
LONGEST = 5 * SECOND
"""No segment is longer on its way."""
COPIED = 50 * MS
"""Copies that a mirror port makes of a packet come within this time."""
CLOSE = 32
"""Resets of one connection, before and after in time, among which the same one is looked for when there are many."""
MOST_BEYOND = SECOND
"""For so long after its last packet it may have been running in any case."""


class View(NamedTuple):
    """What is known of one capture.

    Attributes:
        begin: common time of its first packet.
        end: of its last one.
        known: its clock is tied to the others'.
        doubt: nanoseconds by which its clock may be off.
        bounded: its clock is known from both sides.
        whole: it was read to its end.
        sides: directions that it shows in connections that others show, too: (from clients, from servers).
        hosts: addresses of ends of connections that other captures show, too.
        ttls: host -> TTLs of what it sent, as seen there.
        loss: share of segments that it must have seen and does not hold.
        held: segments that it must have seen and holds.
    """

    begin: int
    end: int
    known: bool
    doubt: int
    bounded: bool
    whole: bool
    sides: tuple[bool, bool]
    hosts: frozenset[tuple[int, int]]
    ttls: Mapping[tuple[int, int], frozenset[int]]
    loss: float = 0.0
    held: int = 0

    def counted(self, held: int, missing: int) -> View:
        """The same when so many of the segments that it must have seen were counted."""
        return self._replace(loss=missing / (held + missing) if missing else 0.0, held=held)

    def covers(self, time: int) -> int:
        """Whether it was running then: 2 surely, 1 probably, since its last packet came shortly before, 0 not."""
        if not self.known or time < self.begin - SLACK:
            return 0
        late = time - self.end
        if late <= SLACK:
            return 2
        return int(self.whole and late <= MOST_BEYOND)


@dataclass(eq=False)
class Seen:
    """One reset, wherever it was seen.

    Attributes:
        leg: its connection.
        forth: it bears the client's address.
        travel: captures from its alleged sender to its receiver.
        at: capture -> the segment there.
    """

    leg: Leg
    forth: bool
    travel: tuple[int, ...]
    at: dict[int, Segment] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The capture nearest to the sender that shows it."""
        return next(c for c in self.travel if c in self.at)

    @property
    def last(self) -> int:
        """The capture nearest to the receiver that shows it."""
        return next(c for c in reversed(self.travel) if c in self.at)

    @property
    def segment(self) -> Segment:
        """The segment as it was seen first."""
        return self.at[self.first]


def group(
    leg: Leg, path: Sequence[int], doubts: Sequence[int | None], among: Mapping[int, list[Segment]] | None = None
) -> list[Seen]:
    """Put together the resets that are the same one.

    Args:
        leg: a connection.
        path: captures from the client to the server, of this leg.
        doubts: per capture, how far its clock may be off; None when its times tell nothing.
        among: capture -> segments to look at instead of the resets.
    """
    found: list[Seen] = []
    resets = leg.resets if among is None else among
    for forth in (True, False):
        travel = tuple(path) if forth else tuple(reversed(path))
        open_ones: list[Seen] = []
        for c in travel:
            here = _single([s for s in resets.get(c, ()) if s.forth == forth])
            ways = sorted(
                (cost, i, j)
                for i, j in _candidates([one.at[one.last] for one in open_ones], here)
                if (cost := _cost(open_ones[i], c, here[j], doubts)) is not None
            )
            done: tuple[set[int], set[int]] = (set(), set())
            for _, i, j in ways:
                if i not in done[0] and j not in done[1]:
                    open_ones[i].at[c] = here[j]
                    done[0].add(i)
                    done[1].add(j)
            open_ones += [Seen(leg, forth, travel, {c: two}) for j, two in enumerate(here) if j not in done[1]]
        found += open_ones
    return found


def _candidates(before: Sequence[Segment], here: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    """Pairs of resets of two places that may be the same: all, or, where there are many, those of equal numbers (one
    without number fits any) that are nearest in their order."""
    if len(before) * len(here) <= CLOSE * CLOSE:
        yield from product(range(len(before)), range(len(here)))
        return
    every = sorted(range(len(before)), key=lambda i: before[i].time)
    numbered: dict[int, list[int]] = {}
    for i in every:
        numbered.setdefault(before[i].seq, []).append(i)
    unnumbered = numbered.get(0, [])
    for j, two in enumerate(here):
        for among in (numbered.get(two.seq, ()), unnumbered) if two.seq else (every,):
            at = bisect_left(among, two.time, key=lambda i: before[i].time)
            for i in among[max(at - CLOSE, 0) : at + CLOSE]:
                yield i, j


def _single(resets: list[Segment]) -> list[Segment]:
    """Without further copies of one packet: equal ones at once, with an equal IPv4 ID."""
    found: list[Segment] = []
    for s in resets:
        if not any(s.ip_id > 0 and s.time - t.time < COPIED and s.ip_id == t.ip_id and same(s, t) for t in found[-4:]):
            found.append(s)
    return found


def _cost(one: Seen, c: int, two: Segment, doubts: Sequence[int | None]) -> int | None:
    """How unlike a passage from one place to the next it is; None when it cannot be the same segment."""
    before = one.at[one.last]
    if not same(before, two):
        return None
    a, b = doubts[one.last], doubts[c]
    if a is None or b is None:
        return abs(two.frame - before.frame)
    doubt = abs(a - b) if a and b else a + b
    late = two.time - before.time
    if late < -(SLACK + doubt // 4) or late > LONGEST + doubt:
        return None
    return abs(late - doubt)


def same(one: Segment, two: Segment) -> bool:
    """Whether two captures may show the same packet; addresses, TTL and options may have changed on the way."""
    kind = ESSENTIAL
    if one.forth != two.forth or one.flags & kind != two.flags & kind or one.length != two.length:
        return False
    if one.seq != two.seq and not (one.reset and 0 in {one.seq, two.seq}):
        return False
    if one.flags & ACK and one.ack != two.ack:
        return False
    if one.stamp != two.stamp and one.stamp >= 0 and two.stamp >= 0:
        return False
    return one.ip_id == two.ip_id or one.ip_id <= 0 or two.ip_id <= 0


NEIGHBOURS = 3
"""Segments before and after that must be there for a gap to be none of the capture's."""


def neighbours(seen: Seen, c: int) -> tuple[int, int]:
    """Segments that passed both places right before and after a reset, and those that one capture lacks.

    Counted are segments that travelled as the reset did, from the place that lacks it to the one that shows it.

    Returns:
        How many the lacking capture holds of the nearest ones, and how many it does not.
    """
    p = seen.first
    moment = seen.at[p].time
    near = [s for s in seen.leg.segments[p] if s.forth == seen.forth and not s.reset]
    near.sort(key=lambda s: abs(s.time - moment))
    there = seen.leg.held(c)
    held = [s in there for s in near[: 2 * NEIGHBOURS]]
    return sum(held), len(held) - sum(held)


def alive(seen: Seen, c: int, doubt: int, trigger: Segment | None) -> Segment | None:
    """A segment by which the alleged sender went on at its own end, after the reset that it did not send there.

    Not in a handshake: there a host resets what does not fit, and goes on. Nor with other addresses than those that the
    segment had which the reset answers: a host refuses what came untranslated, and goes on in its own connection.
    """
    moment = seen.segment.time + SLACK + doubt
    there = seen.leg.segments.get(c, [])
    asked = next((s.row for s in there if trigger is not None and same(s, trigger)), None)
    mine = [s for s in there if s.forth == seen.forth and not s.flags & (SYN | RST) and asked in {None, s.row}]
    if not any(s.time < seen.segment.time for s in mine):
        return None
    # A new connection of the same ports says nothing about the one before.
    anew = min((s.time for s in there if s.flags & SYN and s.time > moment), default=None)
    return next((s for s in mine if s.time > moment and (anew is None or s.time < anew)), None)
