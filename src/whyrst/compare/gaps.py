"""Why a capture lacks a reset that another one shows: it did not pass there, or that capture cannot tell.

A capture may have ended, or have lost the packet. So absence counts only where something else speaks for it: the
alleged sender went on as if nothing had happened, the segment that the reset answers never came there either, the other
end was reset alike, the reset breaks its sender's habits, or the capture is long and lost nothing else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from whyrst.compare.habits import Habits
from whyrst.compare.sightings import SLACK, alive, neighbours, same
from whyrst.resets.facts import SECOND
from whyrst.resets.text import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.compare.segment import Segment
    from whyrst.compare.sightings import Seen, View

LOSSY = 0.002
"""A capture that lost more than this share may have lost a reset, too."""
ENOUGH = 300
"""A capture that holds so many segments, and lacks none that it must have seen, has hardly lost just this one."""


@dataclass(frozen=True)
class Gap:
    """Why a capture lacks a reset.

    Attributes:
        level: 2 it did not pass there, proven; 1 likely so; 0 that capture cannot tell.
        says: how that is known.
    """

    level: int
    says: str


class Foreign(NamedTuple):
    """Why a reset is not of the end whose address it bears; surely so, even where packets were lost?"""

    sure: bool
    says: str


class Gaps:
    """Judges why captures lack resets.

    Args:
        names: per capture its file.
        views: per capture.
    """

    def __init__(self, names: Sequence[str], views: Sequence[View]) -> None:
        self._names = [os.path.basename(name) or name for name in names]  # noqa: PTH119 - names may be no UTF-8
        self._views = views

    def habits(self, seen: Seen) -> Habits:
        """What a reset's alleged sender does otherwise."""
        return Habits(seen, self._views[seen.first].ttls)

    def of(self, seen: Seen, c: int, others: Sequence[Seen], trigger: Segment | None) -> Gap:
        """Why capture c lacks a reset.

        Args:
            seen: the reset.
            c: the capture.
            others: all resets of its leg.
            trigger: the segment that it answers.
        """
        upstream = seen.travel.index(c) < seen.travel.index(seen.first)
        blind = self._blind(seen, c, upstream=upstream)
        if blind:
            return Gap(0, blind)
        reference = seen.at[seen.first if upstream else seen.last]
        gap = self._not_sent(seen, c, others, trigger) if upstream else self._not_arrived(seen, c)
        if self._views[c].covers(reference.time) > 1:
            return gap
        before = any(o.forth == seen.forth and c in o.at and same(o.at[c], reference) for o in others)
        if before or (upstream and gap.level < 2 and not self.habits(seen).odd):  # noqa: PLR2004 - proven
            return Gap(0, "it may have ended before")
        return Gap(min(gap.level, 1), gap.says)

    def _blind(self, seen: Seen, c: int, *, upstream: bool) -> str:
        """Why a capture would not show the reset even if it had passed there; empty when it would."""
        view, leg = self._views[c], seen.leg
        if c in leg.other:
            return "it stands on the other side of the proxy"
        if not view.known:
            return "nothing ties its clock to the others', or it was set meanwhile"
        if not view.covers(seen.at[seen.first if upstream else seen.last].time):
            return "it was not running at that time"
        shows = any(s.forth == seen.forth for s in leg.segments.get(c, ()))
        others_show = any(s.forth == seen.forth and not s.reset for s in leg.segments[seen.first])
        if not shows and (others_show or not view.sides[0 if seen.forth else 1]):
            return "it does not show that direction"
        if not leg.segments.get(c) and not self.belongs(seen, c):
            return "nothing says that this connection passes there"
        return ""

    def belongs(self, seen: Seen, c: int) -> bool:
        """Whether both ends are known there from other connections."""
        ends = seen.segment.ends
        return {ends[0:2], ends[2:4]} <= self._views[c].hosts

    def _not_arrived(self, seen: Seen, c: int) -> Gap:
        view = self._views[c]
        there = seen.leg.segments.get(c, [])
        if view.loss > LOSSY:
            return Gap(0, "that capture lost packets")
        later = [s for s in there if s.forth != seen.forth and s.time > seen.segment.time + SLACK + view.doubt]
        return Gap(2 if later else 1, "it did not pass there")

    def _not_sent(  # noqa: PLR0911 - one reason after the other
        self, seen: Seen, c: int, others: Sequence[Seen], trigger: Segment | None
    ) -> Gap:
        """The capture nearer to the sender runs and shows that direction: was the reset not sent, or is it missing?"""
        held, missing = neighbours(seen, c)
        lossy = self._views[c].loss > LOSSY or missing > 0
        foreign = self._foreign(seen, c, others, trigger)
        # That the end did not send it does not tell on which side of a middle place it was made.
        at_end = c == seen.travel[0]
        if foreign and at_end:
            return Gap(1 if lossy and not foreign.sure else 2, foreign.says)
        if not foreign and self.habits(seen).own:
            return self._own_not_sent(seen, c, trigger, lossy=lossy)
        if any(self._alike(seen, o) and c in o.at for o in others):
            return Gap(0, "it shows others of that kind, so it may have lost this one")
        if lossy:
            return Gap(0, "that capture lost packets")
        if any(_passes_one_of(c, seen, o) for o in others):
            return Gap(0, "whoever reset both ends, one of the two resets must have passed there")
        if self._never_asked(seen, c, trigger):
            return Gap(2, self._asked(seen, trigger))
        if foreign:
            return Gap(1, f"{foreign.says}; the {held} segments around it are there")
        return Gap(0, "too little of this connection is there")

    def _foreign(self, seen: Seen, c: int, others: Sequence[Seen], trigger: Segment | None) -> Foreign | None:
        """Why it cannot have come from the end whose address it bears, as seen from capture c."""
        end = "client" if seen.forth else "server"
        goes_on = alive(seen, c, self._views[c].doubt, trigger)
        if goes_on is not None:
            wait = duration(goes_on.time - seen.segment.time)
            says = f"the {end} went on there in frame {goes_on.frame}, {wait} later, as if it had sent no reset"
            return Foreign(True, says)
        if self.habits(seen).odd:
            return Foreign(False, f"it breaks habits of the {end}")
        if not self.habits(seen).own and any(o.forth != seen.forth and self._also_foreign(o) for o in others):
            return Foreign(False, "the other end was reset, too, and neither sent it")
        return None

    def _own_not_sent(self, seen: Seen, c: int, trigger: Segment | None, *, lossy: bool) -> Gap:
        """A reset that looks like the sender's own: only a capture that is long and lacks nothing else speaks."""
        held, end = self._views[c].held, "client" if seen.forth else "server"
        if lossy or held < ENOUGH:
            return Gap(0, f"it looks like the {end}'s own, so that capture may have lost it")
        if self._never_asked(seen, c, trigger):
            return Gap(2, self._asked(seen, trigger))
        return Gap(1, f"all of {held} segments are there, but not this one")

    def _asked(self, seen: Seen, trigger: Segment | None) -> str:
        frame = trigger.frame if trigger is not None else 0
        return f"frame {frame} of {self._names[seen.first]}, which it answers, never arrived there"

    def _alike(self, one: Seen, other: Seen) -> bool:
        """Whether two resets of a direction seem to be of one maker, who is not their alleged sender."""
        if other is one or other.forth != one.forth:
            return False
        return other.segment.ttl == one.segment.ttl or (self.habits(one).odd and self.habits(other).odd)

    def _never_asked(self, seen: Seen, c: int, trigger: Segment | None) -> bool:
        """The segment that it answers did not come to a capture that was running then."""
        if trigger is None or trigger.reset or trigger in seen.leg.held(c):
            return False
        running = self._views[c].covers(trigger.time)
        return running > 1 or (running == 1 and not self.habits(seen).own)

    def _also_foreign(self, other: Seen) -> bool:
        """A reset in the other direction is missing at its sender's end, too, while its neighbours are there."""
        end = other.travel[0]
        if end in other.at or not other.leg.segments.get(end):
            return False
        held, missing = neighbours(other, end)
        return held > 0 and not missing and self._views[end].covers(other.segment.time) > 0


def _passes_one_of(c: int, one: Seen, other: Seen) -> bool:
    """A middle place lacks the resets of both directions that came at the same time, though their maker was on one side
    of it."""
    if other.forth == one.forth or c in other.at or abs(other.segment.time - one.segment.time) > SECOND:
        return False
    return all(0 < s.travel.index(c) < s.travel.index(s.first) for s in (one, other))
