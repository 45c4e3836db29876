"""The kept segments of a capture point in one order, each packet once.

Files that follow each other in time are read one after the other, each in its own order, as `analyze --join` does.
Files that overlap make a cluster and are merged by time; a packet that stands in several of them, equal in every field
of its headers within the same microsecond (files keep different fractions), is taken once, from the first of them.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.fleet.keep import CELLS
from whyrst.fleet.store import of_file, stored
from whyrst.resets.timeline import mix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whyrst.fleet.find import Found
    from whyrst.resets.facts import Column, Mask

ORDER, OTHERS, CAPTURE = (int(Seg.COUNT) + k for k in range(3))
"""Cells behind the segment's own: latest time so far in its file, segments in its file before it
that were not kept, its file."""
WIDE = int(Seg.COUNT) + 3
DIFFERENT = {
    Seg.FRAME, Seg.TIME, Seg.INTERFACE, Seg.LINK_SRC, Seg.QUALITY, Seg.PAYLOAD_HAVE, Seg.KIND, Seg.KIND_INFO
}  # fmt: skip
"""Cells that may differ in two captures of one packet: they were made elsewhere, or cut it elsewhere."""
SAME = tuple(cell for cell in CELLS if cell not in DIFFERENT)
MICROSECOND = 1_000


@dataclass(slots=True)
class Chunk:
    """Segments in their order.

    Attributes:
        cells: shape (n, WIDE).
        buffer: what PAYLOAD_AT and NAME_AT count in.
    """

    cells: Column
    buffer: bytes


def clusters(files: Sequence[Found]) -> list[list[int]]:
    """Numbers of files that overlap in time, if only by one moment, group after group.

    Args:
        files: of one point, ordered by their first packets.
    """
    groups: list[list[int]] = []
    reaches = 0
    for number, one in enumerate(files):
        if groups and one.first <= reaches:
            groups[-1].append(number)
        else:
            groups.append([number])
            reaches = 0
        reaches = max(reaches, one.last)
    return groups


def merged(out: str, files: Sequence[tuple[int, str, int]]) -> Iterator[Chunk]:
    """The kept segments of one cluster.

    Args:
        out: OUT.
        files: number, key and time of the first packet of each file that something was kept of, in their order.
    """
    if len(files) == 1:
        yield from _Stream(out, *files[0][:2]).chunks
        return
    waiting = deque(files)
    streams: list[_Stream] = []
    while waiting or streams:
        streams = [one for one in streams if one.holds()]
        going = [one.reach for one in streams if not one.ended]
        # Nobody who is here has anything more to come before this.
        until = min(going) if going else max((one.reach for one in streams), default=0)
        while waiting and (not streams or waiting[0][2] <= until + MICROSECOND):
            one = _Stream(out, *waiting.popleft()[:2])
            if one.holds():
                streams.append(one)
                until = min(until, one.reach) if going else one.reach
                going.append(one.reach)
        if not streams:
            return
        # Whole microseconds, so that equal packets meet.
        whole = until // MICROSECOND * MICROSECOND
        taken = [one.take(whole if going else None) for one in streams]
        if any(len(one.cells) for one in taken):
            yield _joined(taken)
        else:
            for one in streams:
                if not one.ended and one.reach <= until:
                    one.more()


class _Stream:
    """One file's kept segments, read as they are needed.

    Attributes:
        ended: all are at hand.
    """

    def __init__(self, out: str, number: int, key: str) -> None:
        self.chunks = _chunks(os.path.join(of_file(out, key), "kept.parquet"), number)
        self.ended = False
        self._chunk = Chunk(np.zeros((0, WIDE), dtype=np.int64), b"")

    @property
    def reach(self) -> int:
        """Order of the last segment at hand."""
        return int(self._chunk.cells[-1, ORDER])

    def holds(self) -> bool:
        """Whether there is any segment left; reads on when none is at hand."""
        while not len(self._chunk.cells) and not self.ended:
            self.more()
        return len(self._chunk.cells) > 0

    def more(self) -> None:
        """Read on."""
        more = next(self.chunks, None)
        self.ended = more is None
        if more is not None:
            self._chunk = _chained([self._chunk, more]) if len(self._chunk.cells) else more

    def take(self, until: int | None) -> Chunk:
        """Give away the segments before a time, or all."""
        cells, buffer = self._chunk.cells, self._chunk.buffer
        n = int(np.searchsorted(cells[:, ORDER], until)) if until is not None else len(cells)
        self._chunk = Chunk(cells[n:], buffer)
        return Chunk(cells[:n], buffer)


def _chunks(path: str, number: int) -> Iterator[Chunk]:
    """The row groups of a table of kept segments; in between it is closed, for thousands may be merged at once."""
    import pyarrow.parquet as pq

    before = group = 0
    groups = 1
    while group < groups:
        with stored(path) as source:
            file = pq.ParquetFile(source)
            groups = file.num_row_groups
            table = file.read_row_group(group, use_threads=False).combine_chunks()
        group += 1
        cells = np.zeros((len(table), WIDE), dtype=np.int64)
        for cell in CELLS:
            cells[:, cell] = table[cell.name.lower()].to_numpy()
        cells[:, ORDER] = table["order"].to_numpy()
        cells[:, OTHERS] = table["ordinal"].to_numpy() - np.arange(before, before + len(table))
        before += len(table)
        cells[:, CAPTURE] = number
        names, at, length = _binary(table["name"])
        cells[:, Seg.NAME_AT], cells[:, Seg.NAME_LENGTH] = at, length
        payloads, at, _ = _binary(table["payload"])
        cells[:, Seg.PAYLOAD_AT] = at + len(names)
        yield Chunk(cells, names + payloads)


def _binary(column: Any) -> tuple[bytes, Column, Column]:
    """The bytes of a column, and where each value stands in them."""
    values = column.to_pylist()
    length = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    return b"".join(values), np.cumsum(length) - length, length


def _chained(chunks: Sequence[Chunk]) -> Chunk:
    """Chunks one after the other."""
    moved, before = [], 0
    for one in chunks:
        cells = one.cells.copy()
        cells[:, [Seg.NAME_AT, Seg.PAYLOAD_AT]] += before
        before += len(one.buffer)
        moved.append(cells)
    return Chunk(np.concatenate(moved), b"".join(one.buffer for one in chunks))


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    """Chunks of several files as one, in order, each packet once."""
    whole = _chained(chunks)
    cells = whole.cells
    cells = cells[np.lexsort((cells[:, Seg.FRAME], cells[:, CAPTURE], cells[:, ORDER]))]
    return Chunk(np.ascontiguousarray(cells[~_again(cells)]), whole.buffer)


def _again(cells: Column) -> Mask:
    """Segments that an earlier file holds, too.

    A file that holds a packet twice (a mirror) keeps it twice: the second of one file is the second of the other.
    """
    again = np.zeros(len(cells), dtype=bool)
    if len(cells) < 2:  # noqa: PLR2004 - one segment has no double
        return again
    packet = mix(cells[:, Seg.TIME] // MICROSECOND, *(cells[:, cell] for cell in SAME))
    capture = cells[:, CAPTURE]
    by_file = np.lexsort((np.arange(len(cells)), capture, packet))
    fresh = np.ones(len(cells), dtype=bool)
    fresh[1:] = (packet[by_file][1:] != packet[by_file][:-1]) | (capture[by_file][1:] != capture[by_file][:-1])
    first = np.maximum.accumulate(np.where(fresh, np.arange(len(cells)), 0))
    nth = np.zeros(len(cells), dtype=np.int64)
    nth[by_file] = np.arange(len(cells)) - first
    by_packet = np.lexsort((capture, nth, packet))
    p, k = packet[by_packet], nth[by_packet]
    again[by_packet[1:]] = (p[1:] == p[:-1]) & (k[1:] == k[:-1])
    return again
