"""Turns a pcap into a pcapng with comments: the same packets, times, link types and snap lengths.

Times are written in nanoseconds, which hold those of every kind of pcap. Where files were put one after the other,
each further file header becomes an interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.capture.pcapng_write import PACKET, Writer, enhanced_packet
from whyrst.capture.reader import Reader
from whyrst.fast.layout import Rec

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from whyrst.annotate.due import Due

    Array = np.ndarray[Any, np.dtype[np.int64]]

OVERHEAD = 32
"""Bytes of an enhanced packet block without options beside its packet."""

LARGEST_LINK = 0xFFFF
"""Largest link type that pcapng can name. A pcap header that names a larger one is damaged; nobody knows those."""

_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
"""What follows a packet, by its length modulo four."""


def convert(path: str, out: BinaryIO, due: Due, summary: str, moved: Callable[[int], None]) -> None:
    """Write the packets of a pcap as pcapng.

    Args:
        path: the capture.
        out: where to write.
        due: comments on its packets.
        summary: comment of the section.
        moved: is told how many bytes were read.
    """
    with Reader(path) as reader:
        writer = Writer(out, comments=[summary])
        described = 0
        done = 0
        for n in reader.records():
            described = _describe(writer, reader, described)
            rows = reader.table[:n]
            start = 0
            while due.frame <= done + n:
                at = due.frame - done - 1
                _plain(out, rows[start:at], reader.buffer, described - 1)
                _commented(out, rows[at], reader.buffer, described - 1, due.comments)
                start = at + 1
                due.advance()
            _plain(out, rows[start:], reader.buffer, described - 1)
            done += n
            moved(reader.taken)
        _describe(writer, reader, described)  # a capture without packets has an interface all the same


def _describe(writer: Writer, reader: Reader, described: int) -> int:
    """Describe the interfaces that were not yet; gives their number."""
    for one in reader.interfaces[described:]:
        writer.interface(min(one.link, LARGEST_LINK), snaplen=one.snaplen)
    return len(reader.interfaces)


def _commented(out: BinaryIO, row: Array, buffer: memoryview, interface: int, comments: list[str]) -> None:
    """Write one packet with its comments."""
    at, captured, wire, time = (int(row[cell]) for cell in (Rec.OFFSET, Rec.CAPTURED, Rec.WIRE, Rec.TIME))
    data = bytes(buffer[at : at + captured])
    out.write(enhanced_packet(data, time, interface=interface, wire=wire, comments=comments))


def _plain(out: BinaryIO, rows: Array, buffer: memoryview, interface: int) -> None:
    """Write packets as blocks without options, their headers made as columns."""
    if not len(rows):
        return
    captured, time = rows[:, Rec.CAPTURED], rows[:, Rec.TIME]
    totals = OVERHEAD + (captured + 3) // 4 * 4
    fields = np.empty((len(rows), 7), "<u4")
    columns = (PACKET, totals, interface, time >> 32, time & 0xFFFFFFFF, captured, rows[:, Rec.WIRE])
    for place, column in enumerate(columns):
        fields[:, place] = column
    heads, tails = memoryview(fields.tobytes()), memoryview(totals.astype("<u4").tobytes())
    parts: list[bytes | memoryview] = []
    for i, (at, size) in enumerate(rows[:, (Rec.OFFSET, Rec.CAPTURED)].tolist()):
        parts += (heads[28 * i : 28 * i + 28], buffer[at : at + size], _PADDING[size % 4], tails[4 * i : 4 * i + 4])
    out.write(b"".join(parts))
