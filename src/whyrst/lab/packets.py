"""IP packets as a relay's hook sees them: read a TCP header, change it, or build a packet of one's own."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import NamedTuple

from whyrst.lab.wire import packet
from whyrst.lab.wire.segment import ACK, FIN, RST, SYN, Segment

TCP = 6
V6_HEADER = 40


class Header(NamedTuple):
    """What hooks ask about a TCP segment.

    Attributes:
        ports: source and destination.
        seq: sequence number.
        ack: acknowledgement number.
        flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16.
        length: bytes of payload.
    """

    ports: tuple[int, int]
    seq: int
    ack: int
    flags: int
    length: int

    @property
    def end(self) -> int:
        """The sequence number behind it."""
        return (self.seq + self.length + bool(self.flags & SYN) + bool(self.flags & FIN)) & 0xFFFFFFFF

    @property
    def is_syn(self) -> bool:
        """A SYN without ACK."""
        return self.flags & (SYN | ACK) == SYN

    @property
    def is_syn_ack(self) -> bool:
        """A SYN-ACK."""
        return self.flags & (SYN | ACK) == SYN | ACK

    @property
    def is_bare_ack(self) -> bool:
        """An ACK without payload, SYN, FIN or RST."""
        return self.flags & (SYN | FIN | RST | ACK) == ACK and self.length == 0


def _starts(data: bytes) -> int:
    """Where TCP starts in an IP packet; 0 when it is not TCP (the lab's hosts send no IPv6 extension headers)."""
    if data[0] >> 4 == 6:  # noqa: PLR2004 - IP version
        return V6_HEADER if data[6] == TCP else 0
    return (data[0] & 15) * 4 if data[9] == TCP else 0


def read(data: bytes) -> Header | None:
    """TCP header of an IP packet; None when it is not TCP."""
    at = _starts(data)
    if not at:
        return None
    source, target, seq, ack, offset, flags = struct.unpack_from("!HHIIBB", data, at)
    return Header((source, target), seq, ack, flags, len(data) - at - (offset >> 4) * 4)


def change(data: bytes, *, seq: int | None = None, ack: int | None = None) -> bytes:
    """The packet with other numbers, and with the right checksum."""
    at = _starts(data)
    changed = bytearray(data)
    if seq is not None:
        changed[at + 4 : at + 8] = struct.pack("!I", seq & 0xFFFFFFFF)
    if ack is not None:
        changed[at + 8 : at + 12] = struct.pack("!I", ack & 0xFFFFFFFF)
    changed[at + 16 : at + 18] = b"\0\0"
    ends = bytes(data[8:40]) if data[0] >> 4 == 6 else bytes(data[12:20])  # noqa: PLR2004 - IP version
    pseudo = ends + struct.pack("!II", len(data) - at, TCP)
    changed[at + 16 : at + 18] = struct.pack("!H", 0xFFFF - packet.checksum(pseudo + bytes(changed[at:])))
    return bytes(changed)


def build(source: tuple[str, int], target: tuple[str, int], segment: Segment, *, ttl: int = 64) -> bytes:
    """An IP packet with a TCP segment.

    Args:
        source: address and port.
        target: address and port.
        segment: its numbers, flags, options and payload.
        ttl: time to live, or hop limit.
    """
    ends = ip_address(source[0]), ip_address(target[0])
    body = packet.tcp(segment, (source[1], target[1]), (ends[0].packed, ends[1].packed), partial=False)
    return packet.ip(segment, ends[0], ends[1], ttl, body)
