"""One segment at one place, and what a capture holds of a connection."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from whyrst.fast.layout import Flag, Quality
from whyrst.resets.text import endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

SYN, FIN, RST, ACK = int(Flag.SYN), int(Flag.FIN), int(Flag.RST), int(Flag.ACK)
"""Plain numbers: they are asked for often."""
ESSENTIAL = SYN | FIN | RST | ACK
MAX = 1 << 40
"""Above every sequence number."""
WRAP = 1 << 32
LOCAL = int(Quality.PARTIAL_CHECKSUM | Quality.OUTGOING)
"""Marks of a packet that was captured on the host that sent it."""


class Segment(NamedTuple):
    """One segment at one place.

    Attributes:
        frame: its number there.
        time: on the common clock.
        forth: sent by the client.
        seq: as the leg's first capture has it, where a device shifts numbers.
        ack: likewise.
        flags: TCP flags.
        length: payload bytes.
        window: window field.
        ttl: TTL there.
        ip_id: IPv4 ID, -1 for IPv6.
        options: which stand there, `Opt`.
        stamp: TSval or -1.
        row: of its connection in the capture's table.
        local: it was captured on the host that sent it.
        ends: source and destination: upper and lower half of the address, port.
    """

    frame: int
    time: int
    forth: bool
    seq: int
    ack: int
    flags: int
    length: int
    window: int
    ttl: int
    ip_id: int
    options: int
    stamp: int
    row: int
    local: bool
    ends: tuple[int, int, int, int, int, int]

    @property
    def reset(self) -> bool:
        """Whether it is a reset."""
        return bool(self.flags & RST)

    @property
    def end(self) -> int:
        """Sequence number behind it."""
        return (self.seq + self.length + bool(self.flags & SYN) + bool(self.flags & FIN)) % WRAP

    @property
    def source(self) -> str:
        """Source as ip:port."""
        hi, lo, port = self.ends[0], self.ends[1], self.ends[4]
        return endpoint(hi, lo, port)

    @property
    def target(self) -> str:
        """Destination as ip:port."""
        hi, lo, port = self.ends[2], self.ends[3], self.ends[5]
        return endpoint(hi, lo, port)


class Held:
    """What a capture holds of a connection, so that a segment is found though offload cut or merged it.

    Args:
        segments: of one capture.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._exact = {_identity(s) for s in segments}
        self._ranges: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
        for first, last, forth in sorted((s.seq, s.seq + s.length, s.forth) for s in segments if s.length):
            ranges = self._ranges[forth]
            if ranges and first <= ranges[-1][1]:
                ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
            else:
                ranges.append((first, last))

    def __contains__(self, wanted: Segment) -> bool:
        if _identity(wanted) in self._exact:
            return True
        ranges = self._ranges[wanted.forth]
        at = bisect_right(ranges, (wanted.seq, MAX)) - 1
        return bool(wanted.length) and at >= 0 and ranges[at][1] >= wanted.seq + wanted.length


def _identity(s: Segment) -> tuple[bool, int, int, int, int]:
    flags = s.flags & ESSENTIAL
    return s.forth, s.seq, s.length, flags, s.ack if flags & ACK else 0
