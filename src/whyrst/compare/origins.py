"""Where a reset was made: what each capture saw of it, what that proves, and how it is said.

A reset comes from the end whose address it bears when the capture nearest to that end shows it. When that capture
lacks it, it was made on the way, if the capture was running, shows that direction and lost nothing. As a capture can
lose a packet, something more must speak for it before it counts as proven: the segment that the reset answers never
arrived there either, the alleged sender went on as if nothing had happened, resets in both directions lack their
senders alike, or the reset breaks the habits of its sender.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whyrst.compare.gaps import LOSSY, Gap, Gaps
from whyrst.compare.habits import usual as usual_segments
from whyrst.compare.segment import ACK, SYN
from whyrst.compare.sightings import SLACK, Seen, View, same
from whyrst.model import Dropped, Origin, Sight
from whyrst.resets.facts import SECOND
from whyrst.resets.text import iso

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from whyrst.compare.segment import Segment

    Made = tuple[Literal["end", "between", "unknown"], tuple[str, ...], bool, str]
    """Kind and places of an origin, whether nothing else is possible, and the sentence."""

ANSWERED = SECOND
"""A stack answers within this time, as seen anywhere."""
AGAIN = SECOND // 10
"""Nobody sends a segment again sooner."""
LAST = 1 << 63
"""Above every time."""
NAMED = 8
"""Frames that are named as examples."""
STARTS = frozenset({32, 60, 64, 128, 255})
"""Initial TTLs in use."""


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
        self._gaps = Gaps(names, views)
        self._captures, self._places, self._path, self._views = names, places, path, views

    def origin(self, seen: Seen, others: Sequence[Seen], home: int) -> Origin:
        """Where one reset was made.

        Args:
            seen: the reset.
            others: the resets of the same leg.
            home: the capture in which it is judged.
        """
        trigger = self._trigger(seen)
        gaps = {c: self._gaps.of(seen, c, others, trigger) for c in seen.travel if c not in seen.at}
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
            lacks=self._lacks(seen, home),
        )

    def untraced(self, seen: Seen, number: int) -> Origin:
        """Of a reset in a flood of them only where it was seen."""
        says = f"its connection has too many resets to trace all; {number:,} of them were traced"
        sights = tuple(self._sight(c, seen.at.get(c), None) for c in self._oriented(seen))
        return Origin(kind="unknown", places=(), lost_between=(), sights=sights, says=says)

    def _oriented(self, seen: Seen) -> tuple[int, ...]:
        return seen.travel if seen.forth else tuple(reversed(seen.travel))

    def _end(self, *, client: bool) -> str:
        return "client" if client else "server"

    def _made(self, seen: Seen, before: Sequence[int], gaps: dict[int, Gap]) -> Made:
        """Kind, places, whether nothing else is possible, and the sentence."""
        end, here = self._end(client=seen.forth), seen.first
        frame = f"frame {seen.segment.frame} of {self._names[here]}"
        if not before:
            return self._at_sender(seen, end, frame)
        enclosing = next((c for c in reversed(before) if gaps[c].level > 0), None)
        if enclosing is not None:
            gap = gaps[enclosing]
            certain = any(gaps[c].level > 1 for c in before)
            says = f"{frame} shows it, {self._names[enclosing]} does not: {gap.says}"
            return "between", self._pair(seen, enclosing, here), certain, says
        why = gaps[before[-1]].says
        if self._gaps.habits(seen).own:
            says = f"{frame} shows it with all habits of the {end}; {self._names[before[-1]]} cannot tell: {why}"
            return "end", (end,), False, says
        return "unknown", (), False, f"{frame} shows it; {self._names[before[-1]]} cannot tell: {why}"

    def _at_sender(self, seen: Seen, end: str, frame: str) -> Made:
        here = seen.first
        place = self._places[here]
        habits = self._gaps.habits(seen)
        usual = usual_segments(seen)
        foreign = bool(usual) and habits.foreign_ttl
        if foreign and seen.segment.ip_id > 0:
            foreign = not habits.counts_on
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

    def _pair(self, seen: Seen, upstream: int, here: int) -> tuple[str, str]:
        """Two places in the order of the path."""
        ordered = (upstream, here) if seen.forth else (here, upstream)
        return self._places[ordered[0]], self._places[ordered[1]]

    def _trigger(self, seen: Seen) -> Segment | None:
        """The segment that a bare or refusing reset answers, as seen where the reset was seen first."""
        one = seen.segment
        fitting = []
        there = seen.leg.segments[seen.first]
        spoke = max((s.time for s in there if s.forth == seen.forth and s.time < one.time), default=0)
        for s in there:
            if s.forth == seen.forth or s.reset or not 0 <= one.time - s.time <= ANSWERED:
                continue
            answers = s.flags & ACK and not one.flags & ACK and s.ack == one.seq
            refuses = not s.flags & ACK and one.flags & ACK and s.end == one.ack and spoke < s.time
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
                gone = gone and (not there or any(s.forth == trigger.forth for s in there))
                gone = gone and (bool(there) or self._gaps.belongs(seen, c))
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

    def _lacks(self, seen: Seen, home: int) -> int:
        """Payloads before the reset that another capture shows beyond that place, and that are not there."""
        there, view = seen.leg.held(home), self._views[home]
        until = {
            c: seen.segment.time + SLACK + view.doubt + other.doubt if view.bounded and other.bounded else LAST
            for c, other in enumerate(self._views)
        }
        way = seen.travel if seen.forth else seen.travel[::-1]
        return sum(
            s not in there
            for c, segments in seen.leg.segments.items()
            for s in segments
            if s.length and s.forth == (way.index(c) > way.index(home)) and c != home
            and view.begin + SLACK + view.doubt <= s.time < until[c]
        )  # fmt: skip

    def _accepted(self, seen: Seen) -> Sight | None:
        """A SYN-ACK that the receiver got in the name of the reset's sender, and that never left there."""
        if seen.forth or seen.first == seen.travel[-1] or not self._views[seen.first].covers(seen.segment.time):
            return None
        there = seen.leg.held(seen.first)
        for c in reversed(seen.travel):
            for s in seen.leg.segments.get(c, ()):
                both = s.flags & (SYN | ACK) == SYN | ACK
                if both and not s.forth and s not in there and c != seen.first and s.time < seen.segment.time:
                    sure = self._views[seen.first].covers(s.time) > 1 and self._views[seen.first].loss <= LOSSY
                    return self._sight(c, s, None) if sure else None
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


def _known_as(seen: Seen) -> tuple[str, str] | None:
    """The ends of its connection where it was seen first, when it carries others than most of the connection."""
    rows = seen.leg.rows.get(seen.first, [])
    if len(rows) < 2:  # noqa: PLR2004 - one set of addresses
        return None
    there = [s for s in seen.leg.segments[seen.first] if not s.reset and s.row != seen.segment.row]
    opened = next((s for s in there if s.flags & SYN), there[0] if there else None)
    if opened is None or any(s.flags & SYN and s.row == seen.segment.row for s in seen.leg.segments[seen.first]):
        return None
    return (opened.source, opened.target) if opened.forth else (opened.target, opened.source)
