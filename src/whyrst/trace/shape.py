"""What an event is counted under in the kernel (`bpf/tally.h`, union shape), worked out from the event itself.

The kernel counts every reset by its shape, also those that it does not hand over. An event that was handed over tells
which cause this shape stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.kernel.tracer import Shape
from whyrst.trace.retell import wire_length

if TYPE_CHECKING:
    from whyrst.kernel.event import KernelEvent

V4, V6 = 4, 6
TCP_HEADER, V6_HEADER = 20, 40
CHAINED = frozenset({0, 43, 60})
"""IPv6 extension headers whose second byte tells their length (RFC 8200 section 4)."""
FRAGMENT, FRAGMENT_HEADER = 44, 8


def shape_of(event: KernelEvent) -> Shape:
    """The shape under which the kernel counted an event."""
    flags, payload = segment(event.trigger)
    numbers = event.numbers
    return Shape(
        kind=event.kind,
        reason=event.reason if event.kind != "received" else None,
        state=event.state,
        flags=flags,
        payload=payload,
        unread=numbers is not None and event.state != "LISTEN" and numbers.unread != 0,
        known=event.past is not None,
        lingers=numbers is not None and numbers.lingers,
        netns=event.netns,
    )


def segment(packet: bytes) -> tuple[int, bool]:
    """TCP flags of a packet that begins with its IP header, and whether it carries payload; (0, False) for none."""
    at = _transport(packet)
    if at is None or len(packet) < at + TCP_HEADER:
        return 0, False
    return packet[at + 13], wire_length(packet) > at + (packet[at + 12] >> 4) * 4


def _transport(packet: bytes) -> int | None:
    """Where the TCP header begins."""
    version = packet[0] >> 4 if packet else 0
    if version == V4:
        return (packet[0] & 0xF) * 4
    if version != V6:
        return None
    following, at = packet[6] if len(packet) > V6_HEADER else None, V6_HEADER
    while following in CHAINED or following == FRAGMENT:
        if len(packet) < at + 2:
            return None
        length = FRAGMENT_HEADER if following == FRAGMENT else (packet[at + 1] + 1) * 8
        following, at = packet[at], at + length
    return at
