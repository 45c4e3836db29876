"""What captures of several places say together about where resets were made."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.tables import Rst
from whyrst.resets.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whyrst.model import Origin, Sight
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Mask


class Compared:
    """Origins of the resets of a batch, as facts."""

    def __init__(self, resets: Resets, origins: Sequence[Origin | None]) -> None:
        self._r = resets
        self._origins = origins

    def _mask(self, holds: Callable[[Origin], bool]) -> Mask:
        return np.fromiter((o is not None and holds(o) for o in self._origins), dtype=bool, count=len(self._origins))

    @cached_property
    def proven(self) -> Mask:
        """The captures tell where it was made, beyond doubt."""
        return self._mask(lambda o: o.certain and o.kind != "unknown")

    @cached_property
    def likely_between(self) -> Mask:
        """Something on the way made it, even if a packet that a capture lost is not ruled out."""
        return self._mask(lambda o: o.kind == "between")

    @cached_property
    def likely_at_end(self) -> Mask:
        """The host whose address it carries made it, as far as can be seen."""
        return self._mask(lambda o: o.kind == "end")

    @cached_property
    def made_between(self) -> Fact:
        """Something on the way made it; unknown unless that is proven."""
        return Fact.of(self.likely_between, self.proven)

    @cached_property
    def made_at_end(self) -> Fact:
        """The host whose address it carries made it, or a packet filter there; unknown unless that is proven."""
        return Fact.of(self.likely_at_end, self.proven)

    @cached_property
    def lost(self) -> Mask:
        """It was dropped on its way."""
        return self._mask(lambda o: bool(o.lost_between))

    @cached_property
    def trigger_arrived(self) -> Fact:
        """The segment that it answers came to the end whose address it carries; unknown when no capture tells."""
        seen = np.zeros(len(self._origins), dtype=bool)
        gone = np.zeros(len(self._origins), dtype=bool)
        for k in range(len(self._origins)):
            last = self._asked(k)[1]
            seen[k], gone[k] = (last.seen is True, last.seen is False) if last is not None else (False, False)
        return Fact.of(seen, seen | gone)

    @cached_property
    def astray(self) -> Mask:
        """It belongs to a connection that its host knows under other addresses: what it answers came untranslated."""
        return self._mask(lambda o: o.known_as is not None)

    @cached_property
    def place(self) -> tuple[str, ...]:
        """The place at which each is judged; empty where nothing is known of it."""
        found = []
        for origin, number in zip(self._origins, self._r.own(Rst.CAPTURE).tolist(), strict=True):
            path = self._r.captures[number]
            found.append(next((s.place for s in origin.sights if s.capture == path), "") if origin is not None else "")
        return tuple(found)

    def says(self, i: int, what: str) -> str:
        """A sentence about reset i: `origin`, `trigger` (what became of the segment it answers) or `known_as`."""
        origin = self._origins[i]
        if origin is None:
            return "nothing"
        if what == "origin":
            return origin.says
        if what == "known_as":
            return " and ".join(origin.known_as or ("?", "?"))
        near, far = self._asked(i)
        asked = f"frame {near.frame} of {_name(near)}" if near is not None else "the segment that it answers"
        if far is None or far.seen is None:
            return asked
        arrived = f"arrived as frame {far.frame} of {_name(far)}" if far.seen else f"never arrived at {_name(far)}"
        return f"{asked}, which it answers, {arrived}"

    def _asked(self, i: int) -> tuple[Sight | None, Sight | None]:
        """The segment that reset i answers: at the place nearest to who sent it, and nearest to the reset's sender."""
        origin = self._origins[i]
        if origin is None or not origin.trigger:
            return None, None
        way = origin.trigger if not self._r.by_client[i] else origin.trigger[::-1]
        return next((s for s in way if s.seen), None), way[-1]


def _name(sight: Sight) -> str:
    return os.path.basename(sight.capture) or sight.capture  # noqa: PTH119 - names may be no UTF-8
