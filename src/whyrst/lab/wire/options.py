"""TCP options as bytes (RFC 9293 section 3.2, RFC 7323, RFC 2018, RFC 8684)."""

from __future__ import annotations

import struct

NOP = b"\x01"
SACK_OK = b"\x04\x02"


def mss(size: int) -> bytes:
    """Maximum segment size."""
    return struct.pack("!BBH", 2, 4, size)


def window_scale(shift: int) -> bytes:
    """Window scale."""
    return struct.pack("!BBB", 3, 3, shift)


def timestamps(value: int, echo: int) -> bytes:
    """Timestamps (RFC 7323 section 3.2)."""
    return struct.pack("!BBII", 8, 10, value & 0xFFFFFFFF, echo & 0xFFFFFFFF)


def sack(*blocks: tuple[int, int]) -> bytes:
    """Selective acknowledgement of these ranges of sequence numbers."""
    return struct.pack("!BB", 5, 2 + 8 * len(blocks)) + b"".join(struct.pack("!II", *block) for block in blocks)


def mptcp_capable(key: bytes = b"", flags: int = 0x81) -> bytes:
    """MP_CAPABLE of version 1: without a key in the SYN (RFC 8684 section 3.1)."""
    return struct.pack("!BBBB", 30, 4 + len(key), 0x01, flags) + key


def mptcp_join(token: int, nonce: int, address: int = 1) -> bytes:
    """MP_JOIN of a SYN (RFC 8684 section 3.2)."""
    return struct.pack("!BBBBII", 30, 12, 0x10, address, token, nonce)


def mptcp_reset(reason: int, *, transient: bool = False) -> bytes:
    """MP_TCPRST (RFC 8684 section 3.6)."""
    return struct.pack("!BBBB", 30, 4, 0x80 | transient, reason)


def mptcp_fastclose(key: bytes) -> bytes:
    """MP_FASTCLOSE with the receiver's key (RFC 8684 section 3.5)."""
    return struct.pack("!BBBB", 30, 12, 0x70, 0) + key


def padded(options: bytes, filler: bytes = NOP) -> bytes:
    """Fill up to a multiple of four bytes."""
    return options + filler * (-len(options) % 4)
