"""What captures of several places say together about where resets were made."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.resets.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whyrst.model import Origin
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
    def told(self) -> Mask:
        """The captures tell where it was made, beyond doubt."""
        return self._mask(lambda o: o.certain and o.kind != "unknown")

    @cached_property
    def _between(self) -> Mask:
        return self._mask(lambda o: o.kind == "between")

    @cached_property
    def made_between(self) -> Fact:
        """Something on the way made it; unknown unless that is proven."""
        return Fact.of(self._between, self.told)

    @cached_property
    def made_at_end(self) -> Fact:
        """The host whose address it carries made it (or a packet filter there); unknown unless that is proven."""
        return Fact.of(~self._between, self.told)

    @cached_property
    def likely_between(self) -> Mask:
        """It was made on the way, though a loss in a capture is not ruled out."""
        return self._between

    @cached_property
    def lost(self) -> Mask:
        """It was dropped on its way."""
        return self._mask(lambda o: bool(o.lost_between))

    @cached_property
    def _reached(self) -> tuple[Mask, Mask]:
        """Whether the segment that it answers was seen, and was missing, at the place nearest to the alleged sender."""
        seen = np.zeros(len(self._origins), dtype=bool)
        gone = np.zeros(len(self._origins), dtype=bool)
        for k, (origin, client) in enumerate(zip(self._origins, self._r.by_client.tolist(), strict=True)):
            if origin is not None and origin.trigger:
                last = origin.trigger[0 if client else -1]
                seen[k], gone[k] = last.seen is True, last.seen is False
        return seen, gone

    @cached_property
    def trigger_arrived(self) -> Fact:
        """The segment that it answers came to the end whose address the reset carries; unknown when none is known."""
        seen, gone = self._reached
        return Fact.of(seen, seen | gone)

    @cached_property
    def astray(self) -> Mask:
        """It belongs to a connection that its host knows under other addresses: what it answers came untranslated."""
        return self._mask(lambda o: o.known_as is not None)
