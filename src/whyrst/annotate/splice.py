"""Puts comments into single blocks of a pcapng, leaving every other byte of them as it is.

Comments go before the options that are there, so those need not be understood and stay in their order. Numbers of
sections are those of draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from whyrst.capture.pcapng_write import COMMENT, block, enhanced_packet, option, text
from whyrst.fast import scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.capture.pcapng_write import Order

SIMPLE = 3
"""Type of a simple packet block, which has no room for options."""

LENGTH_UNKNOWN = b"\xff" * 8
"""Section length of a section that does not tell it, in either byte order."""

LAST_TICK = (1 << 64) - 1

_SECTION_FIXED = 24
_PACKET_FIXED = 28
_SECTION_LENGTH = slice(16, 24)


def into_section(head: bytes, comments: Sequence[str], order: Order, *, grows: bool) -> bytes:
    """A section header with comments.

    Args:
        head: the block as it was.
        comments: what to add.
        order: byte order of the section.
        grows: whether blocks of the section may grow. Its length is then no longer told, which every section may
            leave open (section 4.1), because the new one would be known too late.
    """
    if grows:
        head = head[: _SECTION_LENGTH.start] + LENGTH_UNKNOWN + head[_SECTION_LENGTH.stop :]
    return _with_options(head, _SECTION_FIXED, comments, order)


def into_packet(packet: bytes, comments: Sequence[str], order: Order) -> bytes:
    """An enhanced (section 4.3) or obsolete packet block with comments; both have the same layout from the times on."""
    (captured,) = struct.unpack_from(order + "I", packet, 20)
    return _with_options(packet, _PACKET_FIXED + (captured + 3) // 4 * 4, comments, order)


def from_simple(data: bytes, time: int, wire: int, comments: Sequence[str], order: Order, unit: Sequence[int]) -> bytes:
    """An enhanced packet block in place of a simple one (section 4.4), which can hold no comment.

    A simple packet has no time, an enhanced one must have one: it gets the time of the packet before it, as the
    analysis takes it.

    Args:
        data: the packet.
        time: nanoseconds since 1970.
        wire: its bytes on the wire.
        comments: what to add.
        order: byte order of the section.
        unit: cells of its interface, `scan.Unit`.
    """
    return enhanced_packet(data, ticks(time, unit), wire=wire, comments=comments, order=order)


def ticks(time: int, unit: Sequence[int]) -> int:
    """Nanoseconds since 1970 in the unit of an interface (`scan.Unit`), the reverse of what reading it does."""
    since = max(time - unit[scan.Unit.OFFSET], 0)
    if unit[scan.Unit.MULTIPLY]:
        found = since // unit[scan.Unit.MULTIPLY]
    elif unit[scan.Unit.DIVIDE]:
        found = since * unit[scan.Unit.DIVIDE]
    else:
        found = -(-(since << unit[scan.Unit.SHIFT]) // 10**9)  # up, since reading it cuts down
    return min(found, LAST_TICK)


def _with_options(old: bytes, at: int, comments: Sequence[str], order: Order) -> bytes:
    """A block with comments before its options, which begin at byte `at`."""
    if not comments:
        return old
    kind = struct.unpack_from(order + "I", old)[0]
    made = b"".join(option(COMMENT, text(one), order) for one in comments)
    return block(kind, old[8:at] + made + (old[at:-4] or option(0, b"", order)), order)
