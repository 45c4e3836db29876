"""What captures of several places say together about where resets were made."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.tables import Rst
from whyrst.resets.facts import SECOND, Fact
from whyrst.resets.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from whyrst.model import Dropped, Origin, Sight
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
    def whole(self) -> Mask:
        """The capture in which it is judged holds all that the others prove to have passed there before it."""
        return self._mask(lambda o: not o.lacks)

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
    def untranslated(self) -> Mask:
        """The segment that it answers has the same addresses wherever it was seen."""
        return self._mask(lambda o: len({(s.source, s.destination) for s in o.trigger if s.seen}) == 1)

    @cached_property
    def accepted(self) -> Mask:
        """A device had accepted the connection in the name of its sender."""
        return self._mask(lambda o: o.accepted is not None)

    @cached_property
    def silence(self) -> npt.NDArray[np.float64]:
        """Seconds without a segment before the one that it answers, or before it."""
        return np.array([o.silence if o is not None else 0.0 for o in self._origins])

    def _dropped(self, *, peer: bool) -> list[Dropped | None]:
        """What one end sent and the other never got."""
        found = []
        for origin, client in zip(self._origins, self._r.by_client.tolist(), strict=True):
            side = "client" if client != peer else "server"
            found.append(next((d for d in origin.dropped if d.sender == side), None) if origin is not None else None)
        return found

    @cached_property
    def own_dropped(self) -> Mask:
        """Segments of its sender never arrived at the peer."""
        return np.array([d is not None for d in self._dropped(peer=False)], dtype=bool)

    @cached_property
    def large_dropped(self) -> Mask:
        """Several large segments of one end never arrived, while all smaller ones did."""
        large = np.zeros(len(self._origins), dtype=bool)
        for peer in (False, True):
            large |= np.array([d is not None and _too_large(d) for d in self._dropped(peer=peer)], dtype=bool)
        return large

    @cached_property
    def place(self) -> tuple[str, ...]:
        """The place at which each is judged; empty where nothing is known of it."""
        found = []
        for origin, number in zip(self._origins, self._r.own(Rst.CAPTURE).tolist(), strict=True):
            path = self._r.captures[number]
            found.append(next((s.place for s in origin.sights if s.capture == path), "") if origin is not None else "")
        return tuple(found)

    def says(self, i: int, what: str) -> str:
        """What a judge may say about reset i.

        Args:
            i: the reset.
            what: `origin`, `trigger` (what became of the segment that it answers), `dropped`, `accepted`, `silence` or
                `known_as`.
        """
        origin = self._origins[i]
        if origin is None:
            return "nothing"
        if what == "trigger":
            return self._says_trigger(i)
        shown = origin.accepted
        sentences: dict[str, Callable[[], str]] = {
            "origin": lambda: origin.says,
            "dropped": lambda: "; ".join(_told(d) for d in origin.dropped) or "nothing was lost",
            "accepted": lambda: f"frame {shown.frame} of {_name(shown.capture)}" if shown is not None else "no segment",
            "silence": lambda: duration(round(origin.silence * SECOND)),
            "known_as": lambda: " and ".join(origin.known_as or ("?", "?")),
        }
        return sentences[what]()

    def _says_trigger(self, i: int) -> str:
        """Where the segment that reset i answers was seen, and where not."""
        near, far = self._asked(i)
        asked = f"frame {near.frame} of {_name(near.capture)}" if near is not None else "the segment that it answers"
        if far is None or far.seen is None:
            return asked
        arrived = (
            f"arrived as frame {far.frame} of {_name(far.capture)}"
            if far.seen
            else f"never arrived at {_name(far.capture)}"
        )
        return f"{asked}, which it answers, {arrived}"

    def _asked(self, i: int) -> tuple[Sight | None, Sight | None]:
        """The segment that reset i answers: at the place nearest to who sent it, and nearest to the reset's sender."""
        origin = self._origins[i]
        if origin is None or not origin.trigger:
            return None, None
        way = origin.trigger if not self._r.by_client[i] else origin.trigger[::-1]
        return next((s for s in way if s.seen), None), way[-1]


def _name(capture: str) -> str:
    return os.path.basename(capture) or capture  # noqa: PTH119 - names may be no UTF-8


LARGE = 1000
"""Payload bytes of a segment that may be too large for a way."""
SEVERAL = 3
"""One loss is chance."""


def _too_large(lost: Dropped) -> bool:
    return lost.segments >= SEVERAL and lost.smallest >= LARGE and lost.passed < lost.smallest


def _told(lost: Dropped) -> str:
    frames = ", ".join(str(frame) for frame in lost.frames[:SEVERAL])
    sizes = (
        f"{lost.largest:,} bytes" if lost.smallest == lost.largest else f"{lost.smallest:,} to {lost.largest:,} bytes"
    )
    which = f"{lost.segments:,} of the {lost.sender}'s segments ({sizes}; frames {frames} of {_name(lost.capture)})"
    return f"{which} never arrived at {_name(lost.missing)}"
