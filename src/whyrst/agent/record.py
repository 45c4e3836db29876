"""How a verdict lies in the queue: head, then the line of JSON.

A head begins with four bytes of which the first is no part of any UTF-8 text (RFC 3629 section 3), so it cannot stand
inside a line: whatever is damaged, the next record is found.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = b"\xf5why"
HEAD = struct.Struct("<4sIIQ")
"""Mark, CRC-32 of all that follows it, bytes of the line, number."""
COVERED = 8
"""Where what the checksum covers begins."""
LONGEST = 1 << 20
"""Bytes that a line may have."""
WHOLE = HEAD.size + LONGEST
"""Bytes that a record may take."""


class Record(NamedTuple):
    """A verdict that waits."""

    number: int
    """Its place in the queue, from 1 on; never used again."""
    line: bytes
    """JSON, as `whyrst trace --json` writes it, without the newline."""


def pack(record: Record) -> bytes:
    """The bytes of a record."""
    rest = HEAD.pack(MARK, 0, len(record.line), record.number)[COVERED:] + record.line
    return MARK + crc32(rest).to_bytes(4, "little") + rest


def unpack(data: bytes, at: int = 0) -> Iterator[tuple[Record, int]]:
    """The whole records in some bytes; what is between them, cut or damaged, is skipped.

    Yields:
        A record and where it ends.
    """
    while (at := data.find(MARK, at)) >= 0 and len(data) - at >= HEAD.size:
        _, checksum, length, number = HEAD.unpack_from(data, at)
        end = at + HEAD.size + length
        if length <= LONGEST and end <= len(data) and crc32(memoryview(data)[at + COVERED : end]) == checksum:
            yield Record(number, data[at + HEAD.size : end]), end
            at = end
        else:
            at += len(MARK)
