"""Runs the decoder on packets."""

from __future__ import annotations

from array import array

from whyrst.fast import headers as plain
from whyrst.fast.layout import Rec, Seg, Skip


class Segment(dict):
    """One row, cells by name in lower case."""

    __getattr__ = dict.__getitem__


def cells(count, width, fill=-77):
    return memoryview(array("q", [fill] * (count * width))).cast("B").cast("q", [count, width])


def decode(packets, link=1, *, loops=plain, gap=b"\xee" * 5, interface=0, keep=1, first_frame=1):
    """Give the segments of packets (bytes, or bytes and wire length), and the skips by name."""
    buffer = bytearray(gap)
    records = cells(len(packets), Rec.COUNT)
    for i, packet in enumerate(packets):
        data, wire = packet if isinstance(packet, tuple) else (packet, len(packet))
        for column, value in enumerate((len(buffer), len(data), wire, 1000 + i, interface, link, keep)):
            records[i, column] = value
        buffer += data + gap
    rows = cells(len(packets), Seg.COUNT)
    skips = memoryview(array("q", [0] * Skip.COUNT))
    got = loops.decode(memoryview(bytes(buffer)), records, first_frame, len(packets), rows, skips)
    names = [cell.name.lower() for cell in Seg if cell.name != "COUNT"]
    segments = [Segment(zip(names, rows.tolist()[i], strict=True), buffer=bytes(buffer)) for i in range(got)]
    return segments, {Skip(i).name: count for i, count in enumerate(skips) if count}


def one(packet, link=1, **more):
    """Give the only segment of one packet."""
    segments, skips = decode([packet], link, **more)
    assert not skips
    return segments[0]


def skip(packet, link=1, **more):
    """Give the reason why a packet holds no segment."""
    segments, skips = decode([packet], link, **more)
    assert not segments
    assert sum(skips.values()) == 1
    return next(iter(skips))
