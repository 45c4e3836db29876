"""Where a reset was made: what each capture saw of it, what that proves, and how it is said.

A reset comes from the end whose address it bears when the capture nearest to that end shows it. When that capture
lacks it, it was made on the way, if the capture was running, shows that direction and lost nothing. As a capture can
lose a packet, something more must speak for it before it counts as proven: the segment that the reset answers never
arrived there either, the alleged sender went on as if nothing had happened, resets in both directions lack their
senders alike, or the reset breaks the habits of its sender.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whyrst.compare.sightings import SLACK, Seen, View, alive, neighbours, same
from whyrst.fast.layout import Flag, Opt
from whyrst.model import Dropped, Origin, Sight
from whyrst.resets.facts import SECOND
from whyrst.resets.text import duration, iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.compare.segment import Segment

LOSSY = 0.002
"""A capture that lost more than this share may have lost a reset, too."""
MANY = 8
"""Segments of a capture without loss from which on it is believed to lose none."""
ANSWERED = SECOND
"""A stack answers within this time, as seen anywhere."""
AGAIN = SECOND // 10
"""Nobody sends a segment again sooner."""
NAMED = 8
"""Frames that are named as examples."""
STARTS = frozenset({32, 60, 64, 128, 255})
"""Initial TTLs in use."""


@dataclass(frozen=True)
class Gap:
    """Why a capture lacks a reset.

    Attributes:
        level: 2 it did not pass there, proven; 1 likely so; 0 that capture cannot tell.
        says: how that is known.
    """

    level: int
    says: str


class Tracer:
    """Finds the origin of resets.

    Args:
        names: per capture its file name, as it is shown.
        places: per capture its place.
        path: captures from the client to the server.
        views: per capture.
    """

    def __init__(self, names: Sequence[str], places: Sequence[str], path: Sequence[int], views: Sequence[View]) -> None:
        self._names = [os.path.basename(name) or name for name in names]  # noqa: PTH119 - names may be no UTF-8
        self._captures, self._places, self._path, self._views = names, places, path, views

    def origin(self, seen: Seen, others: Sequence[Seen]) -> Origin:
        """Where one reset was made; `others` are the resets of the same leg."""
        trigger = self._trigger(seen)
        gaps = {c: self._gap(seen, c, others, trigger) for c in seen.travel if c not in seen.at}
        before = seen.travel[: seen.travel.index(seen.first)]
        behind = seen.travel[seen.travel.index(seen.last) + 1 :]
        kind, places, certain, says = self._made(seen, before, gaps)
        lost = next((c for c in behind if gaps[c].level > 0), None)
        if lost is not None:
            says += f"; it did not reach {self._names[lost]}"
        return Origin(
            kind=kind,
            places=places,
            lost_between=() if lost is None else (self._places[seen.last], self._places[lost]),
            sights=tuple(self._sight(c, seen.at.get(c), gaps.get(c)) for c in self._oriented(seen)),
            says=says,
            certain=certain,
            trigger=self._followed(seen, trigger),
            known_as=_known_as(seen),
            dropped=tuple(filter(None, (self._dropped(seen, forth) for forth in (True, False)))),
            accepted=self._accepted(seen),
            silence=_silence(seen, trigger),
        )

    def _oriented(self, seen: Seen) -> tuple[int, ...]:
        return seen.travel if seen.forth else tuple(reversed(seen.travel))

    def _end(self, *, client: bool) -> str:
        return "client" if client else "server"

    def _made(self, seen: Seen, before: Sequence[int], gaps: dict[int, Gap]) -> tuple[str, tuple[str, ...], bool, str]:
        """Kind, places, whether nothing else is possible, and the sentence."""
        end, here = self._end(client=seen.forth), seen.first
        frame = f"frame {seen.segment.frame} of {self._names[here]}"
        if not before:
            return self._at_sender(seen, end, frame)
        enclosing = next((c for c in reversed(before) if gaps[c].level > 0), None)
        if enclosing is not None:
            gap = gaps[enclosing]
            certain = gap.level > 1
            says = f"{frame} shows it, {self._names[enclosing]} does not: {gap.says}"
            return "between", self._pair(seen, enclosing, here), certain, says
        why = gaps[before[-1]].says
        if self._own_habits(seen):
            says = f"{frame} shows it with all habits of the {end}; {self._names[before[-1]]} cannot tell: {why}"
            return "end", (end,), False, says
        return "unknown", (), False, f"{frame} shows it; {self._names[before[-1]]} cannot tell: {why}"

    def _at_sender(self, seen: Seen, end: str, frame: str) -> tuple[str, tuple[str, ...], bool, str]:
        here = seen.first
        place = self._places[here]
        usual = [s.ttl for s in _usual(seen)]
        foreign = bool(usual) and seen.segment.ttl not in usual and not seen.segment.local
        if foreign and seen.segment.ip_id > 0:
            foreign = not self._counts_on(seen)
        if place == self._end(client=seen.forth != seen.leg.flip) and (not foreign or self._answers_itself(seen)):
            return "end", (end,), True, f"{frame}, the capture at the {end}, shows it leaving"
        if foreign:
            says = f"{frame}, the capture nearest to the {end}, shows it with a TTL that is not the {end}'s"
            return "between", (end, place) if seen.forth else (place, end), False, says
        if seen.leg.other and usual:
            return "end", (end,), False, f"{frame} shows it coming from the proxy's side of the connection"
        sure = f"{frame} shows it with the TTL of the {end}" if usual else f"{frame} shows it coming from the {end}"
        return "end", (end,), False, f"{sure}; no capture stands nearer to it"

    def _answers_itself(self, seen: Seen) -> bool:
        """At its own host a reset with another TTL is still the host's: a socket option, or an answer of the kernel."""
        return (
            any(s.local for s in seen.leg.segments[seen.first] if s.forth == seen.forth) or seen.segment.ttl in STARTS
        )

    def _counts_on(self, seen: Seen) -> bool:
        """Its IPv4 ID follows that of its sender's other packets."""
        ids = [s.ip_id for s in _usual(seen) if s.ip_id > 0]
        return any(0 < (seen.segment.ip_id - one) % 65536 <= 3 for one in ids[-6:])  # noqa: PLR2004 - a few packets

    def _own_habits(self, seen: Seen) -> bool:
        """It looks like a packet of its alleged sender: the TTL, and no broken habit among those that it can show."""
        usual = _usual(seen)
        if not usual or seen.segment.ttl not in {s.ttl for s in usual}:
            return False
        return not self._odd(seen)

    def _odd(self, seen: Seen) -> bool:
        """It breaks a habit of its alleged sender that devices on the way leave alone."""
        one = seen.segment
        usual = _usual(seen)
        if not usual:
            return False
        if one.ttl not in {s.ttl for s in usual}:
            return True
        stamped = all(s.options & Opt.TIMESTAMPS for s in usual)
        if one.flags & Flag.ACK and one.window and stamped and not one.options & Opt.TIMESTAMPS:
            return True
        counted = [s.ip_id for s in usual if s.ip_id > 0]
        return one.ip_id > 0 and len(counted) > 1 and not self._counts_on(seen)

    def _pair(self, seen: Seen, upstream: int, here: int) -> tuple[str, str]:
        """Two places in the order of the path."""
        ordered = (upstream, here) if seen.forth else (here, upstream)
        return self._places[ordered[0]], self._places[ordered[1]]

    def _gap(self, seen: Seen, c: int, others: Sequence[Seen], trigger: Segment | None) -> Gap:
        """Why one capture lacks the reset."""
        view, leg = self._views[c], seen.leg
        upstream = seen.travel.index(c) < seen.travel.index(seen.first)
        reference = seen.at[seen.first if upstream else seen.last]
        if c in leg.other:
            return Gap(0, "it stands on the other side of the proxy")
        if not view.known:
            return Gap(0, "nothing ties its clock to the others'")
        running = view.covers(reference.time)
        if not running:
            return Gap(0, "it was not running at that time")
        shows = any(s.forth == seen.forth for s in leg.segments.get(c, ()))
        others_show = any(s.forth == seen.forth and not s.reset for s in leg.segments[seen.first])
        if not shows and (others_show or not view.sides[0 if seen.forth else 1]):
            return Gap(0, "it does not show that direction")
        if not leg.segments.get(c) and not self._belongs(seen, c):
            return Gap(0, "nothing says that this connection passes there")
        gap = self._not_sent(seen, c, others, trigger) if upstream else self._not_arrived(seen, c)
        before = any(o.forth == seen.forth and c in o.at and same(o.at[c], reference) for o in others)
        if running == 1 and before:
            return Gap(0, "it may have ended before, for the same reset stands there earlier")
        return Gap(min(gap.level, running), gap.says)

    def _belongs(self, seen: Seen, c: int) -> bool:
        """Whether the end on that side of the path is known there from other connections."""
        upstream = seen.travel.index(c) < seen.travel.index(seen.first)
        ends = seen.segment.ends
        host = (ends[0], ends[1]) if upstream else (ends[2], ends[3])
        return host in self._views[c].hosts

    def _not_arrived(self, seen: Seen, c: int) -> Gap:
        view = self._views[c]
        there = seen.leg.segments.get(c, [])
        if view.loss > LOSSY:
            return Gap(0, "that capture lost packets")
        later = [s for s in there if s.forth != seen.forth and s.time > seen.segment.time + SLACK + view.doubt]
        return Gap(2 if later else 1, "it did not pass there")

    def _not_sent(self, seen: Seen, c: int, others: Sequence[Seen], trigger: Segment | None) -> Gap:
        """The capture nearer to the sender runs and shows that direction: was the reset sent, and is it missing?"""
        view, leg, end = self._views[c], seen.leg, self._end(client=seen.forth)
        there = leg.segments.get(c, [])
        held, missing = neighbours(seen, c)
        goes_on = alive(seen, c, view.doubt)
        if goes_on is not None:
            wait = duration(goes_on.time - seen.segment.time)
            return Gap(2, f"the {end} went on there in frame {goes_on.frame}, {wait} later, as if it had sent no reset")
        if trigger is not None and not trigger.reset and trigger not in leg.held(c):
            asked = f"frame {trigger.frame} of {self._names[seen.first]}"
            return Gap(2, f"{asked}, which it answers, never arrived there")
        if any(o.forth != seen.forth and self._also_foreign(o) for o in others):
            return Gap(2, "the other end was reset, too, and neither sent it")
        lossy = view.loss > LOSSY or missing
        if self._odd(seen):
            return Gap(1 if lossy else 2, f"it breaks habits of the {end}, and the {held} segments around it are there")
        if lossy:
            return Gap(0, "that capture lost packets")
        if held >= 2 or (held and len(there) >= MANY):  # noqa: PLR2004 - one on each side
            if self._counts_on(seen) and self._own_habits(seen):
                return Gap(0, "the reset continues the sender's IPv4 IDs, so that capture may have lost it")
            return Gap(1, f"the {held} segments around it are there")
        if self._own_habits(seen):
            return Gap(0, "too little of this connection is there")
        return Gap(1, "it was running, and shows other connections")

    def _also_foreign(self, other: Seen) -> bool:
        """A reset in the other direction is missing at its sender, too, while its neighbours are there."""
        before = other.travel[: other.travel.index(other.first)]
        if not before or not other.leg.segments.get(before[-1]):
            return False
        held, missing = neighbours(other, before[-1])
        return held > 0 and not missing and self._views[before[-1]].covers(other.segment.time)

    def _trigger(self, seen: Seen) -> Segment | None:
        """The segment that a bare or refusing reset answers, as seen where the reset was seen first."""
        one = seen.segment
        fitting = []
        for s in seen.leg.segments[seen.first]:
            if s.forth == seen.forth or s.reset or not 0 <= one.time - s.time <= ANSWERED:
                continue
            answers = s.flags & Flag.ACK and not one.flags & Flag.ACK and s.ack == one.seq
            refuses = not s.flags & Flag.ACK and one.flags & Flag.ACK and s.end == one.ack
            if answers or refuses:
                fitting.append(s)
        return fitting[-1] if fitting else None

    def _followed(self, seen: Seen, trigger: Segment | None) -> tuple[Sight, ...]:
        """Where the segment that it answers was seen."""
        if trigger is None:
            return ()
        sights = []
        for c in self._oriented(seen):
            there = seen.leg.segments.get(c, [])
            exact = [s for s in there if same(s, trigger) and self._passed(trigger, seen.first, s, c)]
            if exact:
                nearest = min(exact, key=lambda s: abs(s.time - trigger.time))
                sights.append(self._sight(c, nearest, None))
            else:
                gone = self._views[c].covers(trigger.time) > 0 and c not in seen.leg.other
                gone = gone and (bool(there) or self._belongs(seen, c))
                gone = gone and (trigger not in seen.leg.held(c) or any(same(s, trigger) for s in there))
                sights.append(self._sight(c, None, Gap(1 if gone else 0, "")))
        return tuple(sights)

    def _dropped(self, seen: Seen, forth: bool) -> Dropped | None:  # noqa: FBT001 - the direction
        """Segments of one direction that one capture shows on their way and the farthest one never saw."""
        shown = [c for c in self._oriented(seen) if seen.leg.segments.get(c)]
        if len(shown) < 2:  # noqa: PLR2004 - a way has two ends
            return None
        near, far = (shown[0], shown[-1]) if forth else (shown[-1], shown[0])
        if self._views[far].loss > LOSSY:
            return None
        moment = seen.segment.time
        sent = [s for s in seen.leg.segments[near] if s.forth == forth and s.length and not s.reset and s.time < moment]
        there = seen.leg.held(far)
        gone = [s for s in sent if s not in there and self._views[far].covers(s.time) > 1]
        if not gone:
            return None
        return Dropped(
            sender="client" if forth else "server",
            segments=len(gone),
            largest=max(s.length for s in gone),
            smallest=min(s.length for s in gone),
            passed=max((s.length for s in sent if s in there), default=0),
            capture=self._captures[near],
            frames=tuple(s.frame for s in gone[:NAMED]),
            missing=self._captures[far],
        )

    def _accepted(self, seen: Seen) -> Sight | None:
        """A SYN-ACK that the receiver got in the name of the reset's sender, and that never left there."""
        if seen.forth or seen.first == seen.travel[-1] or not self._views[seen.first].covers(seen.segment.time):
            return None
        there = seen.leg.held(seen.first)
        for c in reversed(seen.travel):
            for s in seen.leg.segments.get(c, ()):
                both = s.flags & (Flag.SYN | Flag.ACK) == Flag.SYN | Flag.ACK
                if both and not s.forth and s not in there and c != seen.first and s.time < seen.segment.time:
                    return self._sight(c, s, None)
        return None

    def _passed(self, one: Segment, a: int, two: Segment, c: int) -> bool:
        """Whether the second may be the first one on its way, and not a later copy of it."""
        doubts = self._views[a].doubt + self._views[c].doubt
        return abs(two.time - one.time) <= 2 * doubts + AGAIN

    def _sight(self, c: int, segment: Segment | None, gap: Gap | None) -> Sight:
        if segment is None:
            seen = False if gap is not None and gap.level > 0 else None
            return Sight(capture=self._captures[c], place=self._places[c], seen=seen)
        return Sight(
            capture=self._captures[c],
            place=self._places[c],
            seen=True,
            frame=segment.frame,
            time=iso(segment.time),
            source=segment.source,
            destination=segment.target,
            ttl=segment.ttl,
            ip_id=segment.ip_id if segment.ip_id >= 0 else None,
            window=segment.window,
        )


def _silence(seen: Seen, trigger: Segment | None) -> float:
    """Seconds without a segment before the one that the reset answers, or before the reset."""
    moment = (trigger or seen.segment).time
    earlier = [s.time for found in seen.leg.segments.values() for s in found if s.time < moment - SLACK]
    return max(moment - max(earlier), 0) / SECOND if earlier else 0.0


def _usual(seen: Seen) -> list[Segment]:
    """What its alleged sender sent besides, where the reset was seen first; probes written by hand have no habits."""
    mine = [s for s in seen.leg.segments[seen.first] if s.forth == seen.forth and not s.reset]
    return [s for s in mine if s.options & ~Opt.MSS or not s.flags & Flag.SYN]


def _known_as(seen: Seen) -> tuple[str, str] | None:
    """The ends of its connection where it was seen first, when it carries others than most of the connection."""
    rows = seen.leg.rows.get(seen.first, [])
    if len(rows) < 2:  # noqa: PLR2004 - one set of addresses
        return None
    there = [s for s in seen.leg.segments[seen.first] if not s.reset and s.row != seen.segment.row]
    opened = next((s for s in there if s.flags & Flag.SYN), there[0] if there else None)
    if opened is None or any(s.flags & Flag.SYN and s.row == seen.segment.row for s in seen.leg.segments[seen.first]):
        return None
    return (opened.source, opened.target) if opened.forth else (opened.target, opened.source)
