"""Segments as bytes: TCP in IP in Ethernet, with right lengths and checksums."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from whyrst.lab.wire.segment import Segment

IPV4, IPV6, VLAN = 0x0800, 0x86DD, 0x8100
SHORTEST_FRAME = 60
"""Ethernet without its checksum; shorter frames reach their receiver padded (IEEE 802.3 section 4A.4.2)."""


def checksum(data: bytes) -> int:
    """Ones' complement sum of 16-bit words, not yet complemented (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def tcp(segment: Segment, ports: tuple[int, int], ends: tuple[bytes, bytes], *, partial: bool) -> bytes:
    """Build the TCP part.

    Args:
        segment: What to write.
        ports: Source and destination.
        ends: Source and destination address, packed.
        partial: Leave the sum of the pseudo header in the checksum field, for the network card to fill in.
    """
    offset = 5 + len(segment.options) // 4
    head = struct.pack(
        "!HHIIBBHHH",
        *ports,
        segment.seq,
        segment.ack,
        offset << 4 | segment.flags >> 8,
        segment.flags & 0xFF,
        segment.window,
        0,
        0,
    )
    body = head + segment.options + segment.payload
    pseudo = ends[0] + ends[1] + struct.pack("!II", len(body), 6)
    value = checksum(pseudo) if partial else 0xFFFF - checksum(pseudo + body)
    return body[:16] + struct.pack("!H", value) + body[18:]


def ip(
    segment: Segment, source: IPv4Address | IPv6Address, destination: IPv4Address | IPv6Address, ttl: int, body: bytes
) -> bytes:
    """Put a TCP part into IPv4 or IPv6."""
    if source.version == 6:  # noqa: PLR2004 (IP version)
        first = 6 << 28 | segment.tos << 20 | segment.flow
        return struct.pack("!IHBB", first, len(body), 6, ttl) + source.packed + destination.packed + body
    head = struct.pack(
        "!BBHHHBBH4s4s",
        0x45,
        segment.tos,
        20 + len(body),
        segment.ip_id,
        0x4000 if segment.df else 0,
        ttl,
        6,
        0,
        source.packed,
        destination.packed,
    )
    return head[:10] + struct.pack("!H", 0xFFFF - checksum(head)) + head[12:] + body


def ethernet(destination: str, source: str, body: bytes, *, vlan: int | None = None, padded: bool = False) -> bytes:
    """Put an IP packet into an Ethernet frame."""
    kind = IPV6 if body[0] >> 4 == 6 else IPV4  # noqa: PLR2004 (IP version)
    tag = b"" if vlan is None else struct.pack("!HH", VLAN, vlan)
    frame = bytes.fromhex((destination + source).replace(":", "")) + tag + struct.pack("!H", kind) + body
    return frame.ljust(SHORTEST_FRAME, b"\0") if padded else frame
