"""The header of a pcap file (draft-ietf-opsawg-pcap section 4)."""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER_BYTES = 24

STANDARD_SNAPLEN = 262144
"""libpcap's MAXIMUM_SNAPLEN: no common link layer gives longer packets, whatever a damaged header says."""

LARGEST_PACKET = 16 << 20
"""Longest packet that is believed when the file announces such packets (USB and D-Bus captures have them)."""

_KINDS = {
    0xA1B2C3D4: (1000, 16),
    0xA1B23C4D: (1, 16),
    0xA1B2CD34: (1000, 24),
}
"""Magic number: nanoseconds of the subsecond field's unit, bytes of a record header (24: A. Kuznetzov's variant)."""

_MAJOR = 2
_SWAPPED_MINOR = 3
"""Files up to version 2.3 may hold the two lengths the other way round (libpcap's sf-pcap.c, MAYBE_SWAPPED)."""


class PcapHeader(NamedTuple):
    """What the file header says about the records.

    Attributes:
        big: Whether numbers are big-endian.
        tick: Nanoseconds of one unit of the subsecond field.
        record: Bytes of a record header.
        swap: Whether a captured length above the wire's means that the two are swapped.
        snaplen: As written in the file.
        link: LINKTYPE_ number.
    """

    big: bool
    tick: int
    record: int
    swap: bool
    snaplen: int
    link: int

    @property
    def bound(self) -> int:
        """Longest captured length that is believed."""
        return min(LARGEST_PACKET, max(STANDARD_SNAPLEN, self.snaplen))


def is_pcap(head: bytes) -> bool:
    """Tell whether a file begins with one of pcap's magic numbers."""
    return int.from_bytes(head[:4], "big") in _KINDS or int.from_bytes(head[:4], "little") in _KINDS


def pcap_header(head: bytes) -> PcapHeader:
    """Read the `HEADER_BYTES` of a file for which `is_pcap` holds.

    Raises:
        ValueError: The version is none that exists.
    """
    big = int.from_bytes(head[:4], "big") in _KINDS
    magic, major, minor, _zone, _accuracy, snaplen, link = struct.unpack((">" if big else "<") + "IHHIIII", head)
    if major != _MAJOR:
        raise ValueError(f"pcap version {major}.{minor} does not exist")
    tick, record = _KINDS[magic]
    # The upper bits tell the length of frame check sequences; libpcap's LT_LINKTYPE masks them likewise.
    return PcapHeader(big, tick, record, minor <= _SWAPPED_MINOR, snaplen, link & 0x03FFFFFF)
