"""Coverage-guided search for captures that are not annotated well.

    python fuzz/annotate.py [libFuzzer options] [CORPUS]

What is written must be readable without damage, hold the same packets, and hold nothing if the input cannot be read.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import atheris

with atheris.instrument_imports(include=["whyrst"]):
    from search import captures, placed, search

    from whyrst.annotate import annotate
    from whyrst.capture.errors import CaptureError
    from whyrst.capture.reader import Reader
    from whyrst.causes import all_causes
    from whyrst.fast.layout import Rec

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> tuple[list[tuple[bytes, int]], int]:
    """Bytes and length on the wire of every packet, and how many places are damaged."""
    found = []
    with Reader(str(path)) as reader:
        for n in reader.records():
            for row in reader.table[:n].tolist():
                at = row[Rec.OFFSET]
                found.append((bytes(reader.buffer[at : at + row[Rec.CAPTURED]]), row[Rec.WIRE]))
        return found, len(reader.damage)


def check(data: bytes) -> None:
    """Annotate these bytes, and read what comes out."""
    path, out = placed(data, "in"), io.BytesIO()
    try:
        done = annotate(path, out)
    except CaptureError as error:
        if "\n" in str(error) or out.getvalue():
            raise AssertionError(error) from error
        return
    before, _ = read(path)
    after, damage = read(placed(out.getvalue(), "out"))
    assert not damage, damage
    assert before == after, (len(before), len(after))
    assert done.quality.packets == len(after), done


if __name__ == "__main__":
    all_causes()
    search(check, captures())
