"""What a scan for packet records (`fast.records`) keeps between pieces of a capture, and says of where it stopped."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """Cells of a scan's state, kept from one piece of the capture to the next."""

    AT = 0
    """Where the scan goes on in the buffer."""
    WHY = 1
    """Why it stopped, `Why`."""
    NEED = 2
    """Bytes that must stand in the buffer from `AT` on (`Why.MORE`), or the length of the block (`Why.SKIP`)."""
    VALUE = 3
    """The number that cannot be true."""
    BIG = 4
    """1 when the capture's (or section's) numbers are big-endian."""
    BOUND = 5
    """Captured bytes of one packet beyond which a length is taken for damage."""
    PREVIOUS = 6
    """Time of the latest packet; a pcapng simple packet block has none of its own and takes it over."""
    PACKETS = 7
    EARLIEST = 8
    LATEST = 9
    WIRE_BYTES = 10
    CAPTURED_BYTES = 11
    TICK = 12
    """pcap: nanoseconds of one unit of the record's subsecond field."""
    HEADER = 13
    """pcap: bytes of a record header; 16, and 24 in A. Kuznetzov's variant."""
    SWAP = 14
    """pcap: 1 when a captured length above the wire's means that the two stand the other way round (version 2.3)."""
    LINK = 15
    """pcap: LINKTYPE_ number."""
    COUNT = 16


class Why(IntEnum):
    """Why a scan stopped."""

    FULL = 0
    """All rows are filled."""
    MORE = 1
    """The next record is not wholly in the buffer."""
    SKIP = 2
    """A block without packets that is longer than the buffer's rest."""
    BLOCK = 3
    """A block that describes the capture: section header, interface, interface statistics."""
    FILE = 4
    """A pcap file header among the records: files were put one after the other."""
    PACKET_LENGTH = 5
    """A packet longer than `State.BOUND`, or longer than its block."""
    BLOCK_LENGTH = 6
    """A block length below its kind's minimum, or no multiple of four."""
    TRAILER = 7
    """A block's second length differs from its first."""
    INTERFACE = 8
    """A packet of an interface that was not described."""
    ZEROS = 9
    """A pcap record header of zeros, as a crash leaves them at the end of a file."""


class Unit(IntEnum):
    """Cells of one pcapng interface: what its timestamps count, and what was seen of it."""

    NUMBER = 0
    """Its number, counted over all sections."""
    LINK = 1
    SNAPLEN = 2
    """Bytes after which its packets were cut; 0 for no limit."""
    MULTIPLY = 3
    """Nanoseconds of one unit of time, or 0 when a unit is no whole number of them."""
    DIVIDE = 4
    """Units of time in a nanosecond, or 0; `MULTIPLY` = `DIVIDE` = 0 for a power of two."""
    SHIFT = 5
    """Units in a second as a power of two."""
    OFFSET = 6
    """Nanoseconds to add (if_tsoffset)."""
    PACKETS = 7
    COUNT = 8


FAR: int = (1 << 62) - 1
"""Latest time that is told apart, nanoseconds: in the year 2116, after the last 32-bit second of a pcap."""

BLOCK_OVERHEAD: int = 65536
"""Bytes that a packet's block may have beyond its packet: header, options, comments."""
