"""The pcapng blocks that describe a capture: section headers, interfaces and their statistics.

They are rare, so they are read here; packets are found by `whyrst.fast.records`. Numbers of sections in comments are
those of draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from whyrst.capture.errors import shown
from whyrst.capture.interface import Interface
from whyrst.fast import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x0a\x0d\x0d\x0a"
SECTION, INTERFACE, STATISTICS = 0x0A0D0D0A, 1, 5
SECTION_HEAD_BYTES = 12
SECTION_BYTES = 28
LONGEST_SECTION_HEADER = 1 << 20
"""Bytes that a section header with its comments may have; more is taken for damage."""

_BYTE_ORDERS = {b"\x1a\x2b\x3c\x4d": True, b"\x4d\x3c\x2b\x1a": False}
_MAJOR = 1
_IF_NAME, _IF_TSRESOL, _IF_TSOFFSET = 2, 9, 14
_ISB_RECEIVED, _ISB_IFDROP, _ISB_OSDROP = 4, 5, 7
_NANOSECOND = 9
"""Decimal places of a nanosecond."""
_NAME_BYTES = 256
"""Bytes of an interface's name that are kept."""
_WORD = 8


def is_pcapng(head: bytes) -> bool:
    """Tell whether a file begins with a section header."""
    return head[:4] == MAGIC and (len(head) < SECTION_HEAD_BYTES or head[8:12] in _BYTE_ORDERS)


def section_head(head: bytes) -> tuple[bool, int]:
    """Read byte order and length of a section header from its first `SECTION_HEAD_BYTES`.

    Returns:
        Whether the section is big-endian, and the length of this block.

    Raises:
        ValueError: The byte-order magic or the length is wrong.
    """
    big = _BYTE_ORDERS.get(bytes(head[8:12]))
    if big is None:
        raise ValueError("the section header has no byte-order magic")
    length = int.from_bytes(head[4:8], "big" if big else "little")
    if not SECTION_BYTES <= length <= LONGEST_SECTION_HEADER or length % 4:
        raise ValueError(f"the section header cannot have a length of {length} bytes")
    return big, length


def check_section(block: bytes, *, big: bool) -> None:
    """Check a whole section header.

    Raises:
        ValueError: Its two lengths differ, or its version is none that exists.
    """
    if block[-4:] != block[4:8]:
        raise ValueError("the section header's two lengths differ")
    major, minor = struct.unpack_from(">HH" if big else "<HH", block, 12)
    if major != _MAJOR:
        raise ValueError(f"pcapng version {major}.{minor} does not exist")


def interface(block: bytes, *, big: bool) -> tuple[Interface, dict[int, int]]:
    """Read an interface description block (section 4.2).

    Args:
        block: The whole block, its length checked.
        big: Byte order of the section.

    Returns:
        The interface, and the cells of its row of `scan.Unit` but its number.
    """
    order = ">" if big else "<"
    link, _, snaplen = struct.unpack_from(order + "HHI", block, 8)
    name, resolution, offset = "", 6, 0
    for code, value in _options(block[16:-4], order):
        if code == _IF_NAME:
            name = shown(value[:_NAME_BYTES].rstrip(b"\0").decode("utf-8", "replace"))
        elif code == _IF_TSRESOL and value:
            resolution = value[0]
        elif code == _IF_TSOFFSET and len(value) == _WORD:
            offset = struct.unpack(order + "q", value)[0]
    unit = scan.Unit
    cells: dict[int, int] = {unit.LINK: link, unit.SNAPLEN: snaplen}
    cells |= dict.fromkeys((unit.MULTIPLY, unit.DIVIDE, unit.SHIFT, unit.PACKETS), 0)
    cells[unit.OFFSET] = max(-scan.FAR, min(scan.FAR, offset * 10**_NANOSECOND))
    places = resolution & 0x7F
    if resolution & 0x80:
        cells[unit.SHIFT] = places
    elif places <= _NANOSECOND:
        cells[unit.MULTIPLY] = 10 ** (_NANOSECOND - places)
    else:
        cells[unit.DIVIDE] = min(scan.FAR, 10 ** (places - _NANOSECOND))
    return Interface(link, snaplen, name), cells


def statistics(block: bytes, *, big: bool) -> tuple[int, int | None, int | None]:
    """Read an interface statistics block (section 4.6).

    Returns:
        Number of the interface in its section, packets it received, packets that were lost; `None` when not told.
    """
    order = ">" if big else "<"
    received: int | None = None
    dropped: int | None = None
    for code, value in _options(block[20:-4], order):
        if len(value) != _WORD:
            continue
        count = struct.unpack(order + "Q", value)[0]
        if code == _ISB_RECEIVED:
            received = count
        elif code in (_ISB_IFDROP, _ISB_OSDROP):
            dropped = (dropped or 0) + count
    return struct.unpack_from(order + "I", block, 8)[0], received, dropped


def _options(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Give code and value of each option (section 3.5), up to the first that leaves the block."""
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from(order + "HH", data, at)
        at += 4
        if code == 0 or at + length > len(data):
            return
        yield code, data[at : at + length]
        at += (length + 3) & ~3
