"""One TCP segment of a script, with all that its headers say."""

from __future__ import annotations

from dataclasses import dataclass

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
WRAP = 1 << 32


@dataclass(eq=False, slots=True)
class Segment:
    """A segment as its sender let it go; scripts keep it to refer to its frame."""

    sender: str
    """ "client" or "server": whose addresses it bears."""
    sent: float
    """When it left its sender, seconds on the capture's clock."""
    seq: int
    ack: int
    flags: int
    window: int
    """Window field, unscaled."""
    options: bytes = b""
    """Padded to a multiple of four bytes."""
    payload: bytes = b""
    ttl: int = 64
    """As it left its sender; routers take off what `Host.hops` says."""
    ip_id: int = 0
    tos: int = 0
    flow: int = 0
    """IPv6 flow label."""
    df: bool = True
    lost: bool = False
    """Vanishes on the way: a tap at its sender or in the middle sees it, its receiver never does."""
    unseen: bool = False
    """Reaches its receiver, but the capture missed it."""
    forged: bool = False
    """Made by a third party near the tap: its TTL is written as it stands, its time is that of the tap."""
    mac: str | None = None
    """Source MAC address where it is not that of the usual neighbour."""
    source: str | None = None
    """Source address where it is not the sender's own (a NAT that missed); its receiver cannot place it then."""
    destination: str | None = None
    """Destination address where it is not the peer's."""
    frame: int = 0
    """Number in the capture that was written last, 1-based; 0 when it is not in it."""

    @property
    def end(self) -> int:
        """Sequence number after the last one that it occupies (RFC 9293 section 3.4)."""
        return (self.seq + len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)) % WRAP
