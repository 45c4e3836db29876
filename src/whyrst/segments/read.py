"""Reads captures as batches of TCP segments.

A `Series` is what one tracker follows: one capture, or the files of one rotated capture in the order of their packets.
A batch is small enough for its records and rows to stay in the processor's cache from one loop to the next.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whyrst.capture.errors import STDIN, CaptureError
from whyrst.capture.reader import Reader
from whyrst.fast.layout import Rec, Seg
from whyrst.fast.select import headers
from whyrst.segments.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whyrst.capture.filter import Filter
    from whyrst.capture.interface import Interface
    from whyrst.model import Damage

    Rows = np.ndarray[Any, np.dtype[np.int64]]
    Progress = Callable[[int, int | None], None]
    """Called with the bytes read so far, as they stand in the files, and the bytes of all files, if known."""

BATCH = 2048
"""Packets of a batch at most, where nothing else is said."""

_PEEK = 65536
"""Bytes read at once to find a capture's first packet."""


@dataclass(slots=True)
class Capture:
    """One capture file, as far as it was read.

    Attributes:
        path: As the user gave it; `-` is standard input.
        number: Its place among all captures that are read, from 0.
        format: `pcap` or `pcapng`.
        compression: `gzip`, `zstd`, `xz`, `lz4` or `None`.
        interfaces: With link types, snap lengths, names, packets and losses; complete when the capture was read.
        damage: Where it could not be read on.
        tally: What became of its packets.
        earliest: Earliest time of a packet, ns since 1970; `None` without packets.
        latest: Latest time of a packet.
        wire_bytes: Bytes of its packets on the wire.
        captured_bytes: Bytes of its packets that were captured.
    """

    path: str
    number: int
    format: str
    compression: str | None
    interfaces: list[Interface]
    damage: list[Damage]
    tally: Tally = field(default_factory=Tally)
    earliest: int | None = None
    latest: int | None = None
    wire_bytes: int = 0
    captured_bytes: int = 0

    @property
    def links(self) -> set[int]:
        """Link types (LINKTYPE_ numbers) of the interfaces that had packets."""
        return {one.link for one in self.interfaces if one.packets}

    def follow(self, reader: Reader) -> None:
        """Take over how far the reader has come."""
        self.earliest, self.latest = reader.earliest, reader.latest
        self.wire_bytes, self.captured_bytes = reader.wire_bytes, reader.captured_bytes


class Batch(NamedTuple):
    """Segments that were read together; `rows` and `buffer` are used again for the next batch.

    Attributes:
        rows: Cells as `Seg` numbers them, shape (n, Seg.COUNT).
        buffer: Bytes that the cells PAYLOAD_AT and NAME_AT point into.
        capture: Where they come from.
    """

    rows: Rows
    buffer: memoryview
    capture: Capture


class Series:
    """One capture, or the files of one rotated capture; iterating reads it, once.

    Attributes:
        paths: Its files, in the order in which they are read.
        captures: Those opened so far.
        errors: Those that could not be read.
        most: Packets of a batch at most.
        place: Gives the rows, `most` or more, that the next batch is written to, for one who keeps several; then
            decompression runs ahead, too.
    """

    def __init__(
        self, paths: list[str], *, first: int, only: Filter | None, moved: Callable[[int, int], None] | None
    ) -> None:
        self.paths = paths
        self.captures: list[Capture] = []
        self.errors: list[CaptureError] = []
        self.most = BATCH
        self.place: Callable[[], Rows] | None = None
        self._first = first
        self._only = only
        self._moved = moved

    @property
    def tally(self) -> Tally:
        """What became of the packets read so far."""
        return sum((one.tally for one in self.captures), Tally())

    @property
    def damage(self) -> list[Damage]:
        """Where captures could not be read on."""
        return [damage for one in self.captures for damage in one.damage]

    def __iter__(self) -> Iterator[Batch]:
        """Read on and on.

        Raises:
            CaptureError: None of the files could be read.
        """
        rows = np.zeros((self.most, Seg.COUNT), np.int64)
        place = self.place or (lambda: rows)
        for number, path in enumerate(self.paths, self._first):
            try:
                reader = Reader(path, rows=self.most, ahead=self.place is not None)
            except CaptureError as error:
                self.errors.append(error)
                continue
            with reader:
                capture = Capture(path, number, reader.format, reader.compression, reader.interfaces, reader.damage)
                self.captures.append(capture)
                yield from self._segments(reader, capture, place)
        if self.errors and not self.captures:
            raise self.errors[0]

    def _segments(self, reader: Reader, capture: Capture, place: Callable[[], Rows]) -> Iterator[Batch]:
        """Decode one capture."""
        tally = capture.tally
        for n in reader.records():
            rows = place()
            if self._only is not None:
                self._only.select(reader.buffer, reader.table, n)
            m = headers.decode(reader.buffer, reader.table.data, tally.read + 1, n, rows.data, tally.skips.data)
            tally.read += n
            tally.decoded += m
            capture.follow(reader)
            if self._moved is not None:
                self._moved(capture.number, reader.taken)
            if m:
                yield Batch(rows[:m], reader.buffer, capture)
        capture.follow(reader)


def read(
    paths: Iterable[str | os.PathLike[str]],
    *,
    only: Filter | None = None,
    join: bool = False,
    progress: Progress | None = None,
) -> Iterator[Series]:
    """Read captures.

    Args:
        paths: Files, or `-` for standard input.
        only: Leaves out the packets to which this capture filter says no.
        join: Takes all of them as files of one rotated capture, whose connections go on from file to file.
        progress: Is told how far reading has come.

    Yields:
        One series for each capture, or one for all when they are joined; each must be read before the next is asked
        for. Reading a series raises `CaptureError` when none of its files can be read.
    """
    names = [os.fspath(path) for path in paths]
    moved = _counting(names, progress) if progress is not None else None
    if not join or len(names) == 1:
        for number, name in enumerate(names):
            yield Series([name], first=number, only=only, moved=moved)
        return
    errors: list[CaptureError] = []
    starts: list[tuple[int, str]] = []
    for name in names:
        try:
            starts.append((first_time(name), name))
        except CaptureError as error:
            errors.append(error)
    series = Series([name for _, name in sorted(starts, key=lambda start: start[0])], first=0, only=only, moved=moved)
    series.errors.extend(errors)
    yield series


def first_time(path: str) -> int:
    """Find the time of a capture's first packet, ns since 1970; 0 when it holds none.

    Raises:
        CaptureError: It cannot be read, or not twice.
    """
    if size_of(path) is None:
        raise CaptureError(path, 0, "it cannot be joined with others: only files can, for they are read twice")
    with Reader(path, piece=_PEEK, rows=1) as reader:
        for _ in reader.records():
            return int(reader.table[0, Rec.TIME])
    return 0


def size_of(path: str) -> int | None:
    """Give the size of a file, 0 for one that is not there, `None` for a pipe, a device or standard input."""
    if path == STDIN:
        return None
    try:
        status = os.stat(path)  # noqa: PTH116 (names may be no UTF-8)
    except (OSError, ValueError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _counting(names: list[str], progress: Progress) -> Callable[[int, int], None]:
    """Turn the bytes read of one file into those of all files."""
    sizes = [size_of(name) for name in names]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    of_each = [0] * len(names)
    so_far = 0

    def moved(number: int, taken: int) -> None:
        nonlocal so_far
        so_far += taken - of_each[number]
        of_each[number] = taken
        progress(so_far, total)

    return moved
