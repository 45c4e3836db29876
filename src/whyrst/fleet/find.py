"""The first step: read one capture whole, and note every connection in it as a line.

A line is what judges know of other connections (`fast.tables.Log`); whether it was reset, and which flow it is, decides
what the next step keeps. A line that may still have changed when it had to be written is not settled.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from whyrst.analysis import COUNTERS
from whyrst.capture.errors import CaptureError
from whyrst.connections.tracker import Tracker
from whyrst.fast.layout import Seg
from whyrst.fast.tables import End, Glob, Log
from whyrst.fleet import flows
from whyrst.fleet.objects import local
from whyrst.fleet.store import note, noted, of_file, replacing, written
from whyrst.model import Damage, Quality
from whyrst.resets.text import iso
from whyrst.segments.read import BATCH, first_time, read

if TYPE_CHECKING:
    from whyrst.fleet.archive import File
    from whyrst.resets.facts import Column, Mask
    from whyrst.segments.read import Capture, Series

LINES = 1 << 18
"""Connections in this step's log: when it is full its older half is written out."""
SETTLED = End.CLIENT_FIN | End.SERVER_FIN


class Found(msgspec.Struct, frozen=True):
    """What `find` saw in one capture.

    Attributes:
        name: its path, as text.
        point: its capture point.
        size: bytes as stored, of that state of it.
        stamp: what changes with its content.
        first: time of its first packet, ns since 1970; files are put in this order.
        last: time of its last segment in its own order; a file that begins before it overlaps.
        latest: latest time of a segment.
        segments: segments in it.
        proven: copies among them that were proved (`Glob.PROVEN`).
        resets: resets in it.
        connections: lines.
        quality: the account of its packets.
        unreadable: nothing could be read.
    """

    name: str
    point: str
    size: int
    stamp: str
    first: int
    last: int
    latest: int
    segments: int
    proven: int
    resets: int
    connections: int
    quality: Quality
    unreadable: bool


def find(file: File, out: str) -> Found:
    """Note the connections of a capture under OUT, unless that was done.

    Raises:
        OSError: OUT cannot be written.
    """
    folder = of_file(out, file.key)
    done = found_before(file, out)
    if done is not None:
        return done
    try:
        with local(file.path) as path:
            made = _scan(file, path, os.path.join(folder, "lines.parquet"))
    except CaptureError as error:
        made = _unreadable(file, error)
    note(os.path.join(folder, "found.json"), made)
    return made


def found_before(file: File, out: str) -> Found | None:
    """What was found in this state of a capture; None when it was not read yet, or could not be."""
    done = noted(os.path.join(of_file(out, file.key), "found.json"), Found)
    if done is None or done.unreadable or (done.size, done.stamp, done.point) != (file.size, file.stamp, file.point):
        return None
    return done


def _scan(file: File, path: str, target: str) -> Found:
    first = first_time(path)
    (series,) = read([path])
    tracker = Tracker(lines=LINES)
    last = 0
    with replacing(target) as name, _Lines(name) as lines:
        for batch in series:
            for _ in tracker.feed(batch.rows, len(batch.rows), batch.buffer):
                pass
            last = int(batch.rows[-1, Seg.TIME])
            if tracker.g[Glob.LINES] - lines.written > LINES - BATCH:
                tracker.sync()
                lines.write(tracker, lines.written + LINES // 2, last=False)
        for _ in tracker.close():
            pass
        tracker.sync()
        lines.write(tracker, int(tracker.g[Glob.LINES]), last=True)
    g = tracker.g
    return Found(
        name=file.name, point=file.point, size=file.size, stamp=file.stamp,
        first=first, last=last, latest=int(g[Glob.LAST_TIME]), segments=int(g[Glob.SEGMENTS]),
        proven=int(g[Glob.PROVEN]), resets=int(g[Glob.RESETS]), connections=int(g[Glob.LINES]),
        quality=_quality(file.name, series, g), unreadable=False,
    )  # fmt: skip


def _quality(name: str, series: Series, g: Column) -> Quality:
    """The account of one capture, by the name that the user knows."""
    capture: Capture = series.captures[0]
    return Quality(
        captures=(name,),
        packets=capture.tally.read,
        segments=capture.tally.decoded,
        skipped={reason.name.lower().replace("_", "-"): n for reason, n in capture.tally.skipped.items()},
        start=iso(capture.earliest) if capture.earliest is not None else None,
        end=iso(capture.latest) if capture.latest is not None else None,
        damage=tuple(Damage(name, one.offset, one.reason) for one in capture.damage),
        **{field: int(g[cell]) for field, cell in COUNTERS.items()},
    )


def _unreadable(file: File, error: CaptureError) -> Found:
    damage = (Damage(file.name, error.offset, error.reason),)
    nothing = dict.fromkeys(COUNTERS, 0)
    return Found(
        name=file.name, point=file.point, size=file.size, stamp=file.stamp,
        first=0, last=0, latest=0, segments=0, proven=0, resets=0, connections=0,
        quality=Quality((file.name,), 0, 0, {}, **nothing, start=None, end=None, damage=damage), unreadable=True,
    )  # fmt: skip


class _Lines:
    """Writes lines of the log as a table: the `Log` cells by name, `flow`, and whether the line is settled."""

    def __init__(self, path: str) -> None:
        self.written = 0
        self._path = path
        self._out: Any = None

    def __enter__(self) -> Self:
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = [cell.name.lower() for cell in CELLS]
        schema = pa.schema([(name, pa.int64()) for name in [*names, "flow"]] + [("settled", pa.bool_())])
        self._file = written(self._path)
        self._out = pq.ParquetWriter(self._file, schema, compression="zstd")
        return self

    def __exit__(self, *trouble: object) -> None:
        self._out.close()
        self._file.close()

    def write(self, tracker: Tracker, until: int, *, last: bool) -> None:
        """Write the lines up to a number."""
        import pyarrow as pa

        log = tracker.log[:, np.arange(self.written, until) % LINES]
        settled: Mask = np.full(log.shape[1], True) if last else (log[Log.END] & SETTLED) == SETTLED
        columns = [pa.array(log[cell]) for cell in CELLS]
        columns += [pa.array(flows.of_lines(log)), pa.array(settled)]
        self._out.write_table(pa.Table.from_arrays(columns, schema=self._out.schema))
        self.written = until


CELLS = tuple(cell for cell in Log if cell is not Log.COUNT)
