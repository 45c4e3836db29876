"""Copies a pcapng byte for byte and lets only the packets grow that get a comment.

Everything else keeps its bytes and its place: blocks that nobody knows, custom blocks, names, secrets, statistics,
options, both byte orders, any number of sections. Two things change beside those packets: the first section header
gets a comment, and the length of a section that may grow is left open. A simple packet block becomes an enhanced one
when it gets a comment (see `splice.from_simple`).

The compiled scan that reads packets finds the places, so packets are counted as they were when they were analysed.
The copy ends where reading found damage; a block that is not whole is not copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from whyrst.annotate import splice
from whyrst.capture import pcap, pcapng
from whyrst.capture.errors import CaptureError
from whyrst.capture.reader import LARGEST_BLOCK, PIECE, ROWS
from whyrst.capture.source import Source
from whyrst.capture.window import Window
from whyrst.fast import scan
from whyrst.fast.layout import Rec
from whyrst.fast.select import records

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import BinaryIO

    from whyrst.annotate.due import Due
    from whyrst.capture.pcapng_write import Order

    Array = np.ndarray[Any, np.dtype[np.int64]]

_HEAD = 8
"""Bytes of a block's type and length."""


class Copy:
    """One pcapng being copied."""

    def __init__(self, path: str, out: BinaryIO, due: Due, *, until: int | None = None, piece: int = PIECE) -> None:
        """Open the capture.

        Args:
            path: the capture.
            out: where to write.
            due: comments on its packets.
            until: byte of the (decompressed) file at which reading found damage, if it did.
            piece: bytes read at once.
        """
        self.taken = 0
        self._out = out
        self._due = due
        self._until = until
        self._table: Array = np.zeros((ROWS, Rec.COUNT), np.int64)
        self._state: Array = np.zeros(scan.State.COUNT, np.int64)
        self._units: Array = np.zeros((16, scan.Unit.COUNT), np.int64)
        self._known = 0
        self._big = False
        self._source = Source(path)
        self._window = Window(self._source, piece, LARGEST_BLOCK)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    def run(self, summary: str, moved: Callable[[int], None]) -> None:
        """Copy all of it.

        Args:
            summary: comment of the first section.
            moved: is told how many bytes were read.
        """
        going = self._section([summary])
        while going:
            ahead = self._due.frame - 1 - int(self._state[scan.State.PACKETS])
            self._pass(self._scan(min(ahead, ROWS)))
            if ahead == 0 and self._state[scan.State.WHY] == scan.Why.FULL:
                self._commented()
            going = self._goes_on()
            moved(self._source.taken)

    @property
    def _order(self) -> Order:
        return ">" if self._big else "<"

    def _scan(self, rows: int) -> int:
        """Scan up to so many packets, and what stands before the next; gives the place in the buffer where it ends."""
        state = self._state
        state[scan.State.AT] = self._window.at
        table = self._table[:rows].data
        records.pcapng(self._window.buffer, self._window.end, table, state.data, self._units.data, self._known)
        return int(state[scan.State.AT])

    def _pass(self, end: int) -> None:
        """Copy the buffer up to a place."""
        window = self._window
        self._out.write(window.buffer[window.at : end])
        window.at = end

    def _commented(self) -> None:
        """Write the packet block that stands ahead, whole, with its comments."""
        window, order = self._window, self._byte_order
        kind, length = (int.from_bytes(window.ahead(_HEAD)[at : at + 4], order) for at in (0, 4))
        old = window.ahead(length)
        end = self._scan(1)
        if kind == splice.SIMPLE:
            row = self._table[0].tolist()
            data = bytes(window.buffer[row[Rec.OFFSET] : row[Rec.OFFSET] + row[Rec.CAPTURED]])
            unit = self._units[0].tolist()
            new = splice.from_simple(data, row[Rec.TIME], row[Rec.WIRE], self._due.comments, self._order, unit)
        else:
            new = splice.into_packet(old, self._due.comments, self._order)
        self._out.write(new)
        window.at += length
        self._pass(end)
        self._due.advance()

    def _goes_on(self) -> bool:
        """Do what the scan left to be done; `False` at the end."""
        state, window = self._state, self._window
        match int(state[scan.State.WHY]):
            case scan.Why.FULL:
                return True
            case scan.Why.MORE:
                return window.fill()
            case scan.Why.SKIP if window.offset != self._until:
                return self._long(int(state[scan.State.NEED]))
            case scan.Why.BLOCK if window.offset != self._until:
                return self._section([]) if window.ahead(4) == pcapng.MAGIC else self._described()
            case _:
                return False

    def _long(self, length: int) -> bool:
        """Copy a block that is longer than the buffer's rest."""
        window, start = self._window, self._window.offset
        while length:
            if not window.rest and not window.fill():
                raise CaptureError(self._source.path, start, "the file became shorter while it was copied")
            step = min(length, window.rest)
            self._pass(window.at + step)
            length -= step
        return True

    def _section(self, comments: list[str]) -> bool:
        """Copy a section header; its interfaces are numbered from 0 again."""
        window = self._window
        if not window.have(pcapng.SECTION_HEAD_BYTES):
            return False
        self._big, length = pcapng.section_head(window.ahead(pcapng.SECTION_HEAD_BYTES))
        if not window.have(length):
            return False
        self._known = 0
        self._state[scan.State.BIG] = self._big
        self._state[scan.State.BOUND] = pcap.LARGEST_PACKET
        head = window.ahead(length)
        self._out.write(splice.into_section(head, comments, self._order, grows=bool(self._due.comments)))
        return window.skip(length)

    @property
    def _byte_order(self) -> Literal["big", "little"]:
        return "big" if self._big else "little"

    def _described(self) -> bool:
        """Copy an interface or its statistics, and note what the scan must know of it."""
        window, order = self._window, self._byte_order
        block = window.ahead(int.from_bytes(window.ahead(_HEAD)[4:], order))
        if int.from_bytes(block[:4], order) == pcapng.INTERFACE:
            if self._known == len(self._units):
                self._units = np.vstack((self._units, np.zeros_like(self._units)))
            for cell, value in pcapng.interface(block, big=self._big)[1].items():
                self._units[self._known, cell] = value
            self._known += 1
        self._pass(window.at + len(block))
        return True
