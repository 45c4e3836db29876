"""Whether a reset looks like a packet of the end whose address it bears, where it was seen first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.compare.segment import ACK
from whyrst.fast.layout import Opt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whyrst.compare.segment import Segment
    from whyrst.compare.sightings import Seen

STEP = 3
"""A host's IPv4 IDs of one connection go up by so much at most between two packets of it that were captured."""


class Habits:
    """What the alleged sender of a reset does otherwise, beside the reset.

    Args:
        seen: the reset.
        ttls: TTLs of hosts in the capture that shows it first, from all connections.
    """

    def __init__(self, seen: Seen, ttls: Mapping[tuple[int, int], frozenset[int]]) -> None:
        self._reset = seen.segment
        self._usual = usual(seen)
        self.ttls = {s.ttl for s in self._usual} or set(ttls.get(seen.segment.ends[:2], ()))

    @property
    def foreign_ttl(self) -> bool:
        """Its TTL is none that the sender's other packets have; those of another stack would differ, too."""
        return bool(self.ttls) and self._reset.ttl not in self.ttls and not self._reset.local

    @property
    def odd(self) -> bool:
        """It breaks a habit of its alleged sender that devices on the way leave alone."""
        one = self._reset
        if not self.ttls:
            return False
        if one.ttl not in self.ttls:
            return True
        stamped = bool(self._usual) and all(s.options & Opt.TIMESTAMPS for s in self._usual)
        if one.flags & ACK and one.window and stamped and not one.options & Opt.TIMESTAMPS:
            return True
        counted = [s.ip_id for s in self._usual if s.ip_id > 0]
        return one.ip_id > 0 and len(counted) > 1 and not self.counts_on

    @property
    def own(self) -> bool:
        """It has the sender's TTL, and breaks no habit among those that it can show."""
        return self._reset.ttl in self.ttls and not self.odd

    @property
    def counts_on(self) -> bool:
        """Its IPv4 ID follows that of its sender's other packets."""
        ids = [s.ip_id for s in self._usual if s.ip_id > 0]
        return any(0 < (self._reset.ip_id - one) % 65536 <= STEP for one in ids[-6:])


def usual(seen: Seen) -> list[Segment]:
    """What its alleged sender sent besides, where the reset was seen first."""
    return seen.leg.usual(seen.first, forth=seen.forth)
