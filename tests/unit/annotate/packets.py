"""What a capture holds, as whyrst reads it, and comments for it."""

from __future__ import annotations

from whyrst.capture.reader import Reader
from whyrst.fast.layout import Rec


def noted(*frames):
    return [(frame, [f"whyrst: {frame}", f"whyrst: more of {frame}"]) for frame in frames]


def read(path):
    """Data, time, wire length and link type of each packet, as our reader sees them."""
    found = []
    with Reader(str(path)) as reader:
        for n in reader.records():
            for row in reader.table[:n].tolist():
                data = bytes(reader.buffer[row[Rec.OFFSET] : row[Rec.OFFSET] + row[Rec.CAPTURED]])
                found.append((data, row[Rec.TIME], row[Rec.WIRE], row[Rec.LINK]))
        return found, reader.damage
