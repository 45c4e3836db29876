"""Events of a capture: segments that are kept, as columns.

`Kept` stores them, cells first, so that a column is contiguous. `Events` are some of them, whose columns are put
together when they are asked for: further tables would only fill memory.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.fast.layout import Seg

if TYPE_CHECKING:
    from collections.abc import Sequence

    Cells = np.ndarray[Any, np.dtype[np.int64]]
    Mask = np.ndarray[Any, np.dtype[np.bool_]]

CELLS = np.array((
    Seg.FRAME, Seg.TIME, Seg.SRC_HI, Seg.SRC_LO, Seg.DST_HI, Seg.DST_LO, Seg.SPORT, Seg.DPORT, Seg.SEQ, Seg.ACK,
    Seg.FLAGS, Seg.WINDOW, Seg.LENGTH, Seg.TTL, Seg.IP_ID, Seg.OPTIONS, Seg.TSVAL, Seg.WSCALE, Seg.MSS, Seg.QUALITY,
), dtype=np.int64)  # fmt: skip
"""Cells of a segment that an event keeps."""
FEW, MANY = 1 << 10, 1 << 16
"""Events of the first table, and of a table at most."""
PADDING = 8
"""Places behind them that are never used: they keep the columns from falling on the same lines of the processor's
cache."""


class Event(IntEnum):
    """Cells of one event: those of the segment that are kept, in the order of CELLS, and three more."""

    FRAME = 0
    TIME = 1
    SRC_HI = 2
    SRC_LO = 3
    DST_HI = 4
    DST_LO = 5
    SPORT = 6
    DPORT = 7
    SEQ = 8
    ACK = 9
    FLAGS = 10
    WINDOW = 11
    LENGTH = 12
    TTL = 13
    IP_ID = 14
    OPTIONS = 15
    TSVAL = 16
    WSCALE = 17
    MSS = 18
    QUALITY = 19
    KEY = 20
    """Hash of both ends, the same for both directions."""
    SIDE = 21
    """Which of the two ends sent it: 0 or 1, the same in all captures that show the same addresses."""
    PRINT = 22
    """Fingerprint of the payload's first bytes, -1 without."""
    COUNT = 23


class Kept:
    """Events, in the order of frames; `whyrst.fast.survey` adds them.

    Attributes:
        table: takes further ones, shape (Event.COUNT, more than `used`).
        used: how many are in it.
    """

    def __init__(self) -> None:
        self._full: list[Cells] = []
        self.table = np.empty((Event.COUNT, FEW + PADDING), dtype=np.int64)
        self.used = 0

    def __len__(self) -> int:
        return sum(table.shape[1] for table in self._full) + self.used

    @property
    def tables(self) -> list[Cells]:
        """Where they stand, shape (Event.COUNT, m)."""
        return [*self._full, self.table[:, : self.used]]

    def reserve(self, n: int) -> None:
        """Have room for n more events in the table."""
        room = self.table.shape[1] - PADDING
        if self.used + n > room:
            self._full = self.tables
            self.table = np.empty((Event.COUNT, max(min(2 * room, MANY), n) + PADDING), dtype=np.int64)
            self.used = 0

    def leave(self, at: Cells) -> None:
        """Forget all but some of them."""
        rest = Events(self.tables, at)
        self._full, self.used = [np.stack([rest[cell] for cell in range(Event.COUNT)])], 0

    def assign(self, cell: Event, values: Cells) -> None:
        """Set a cell of all of them."""
        first = 0
        for table in self.tables:
            table[cell] = values[first : first + table.shape[1]]
            first += table.shape[1]


class Events:
    """Rows whose columns are read as `events[cell]`.

    Attributes:
        tables: in which they stand, shape (Event.COUNT, m).
        places: where in all tables, one after the other; all of them unless they are given.
    """

    def __init__(self, tables: Sequence[Cells], places: Cells | None = None) -> None:
        self.tables = tables
        self.places = np.arange(sum(table.shape[1] for table in tables)) if places is None else places
        self._whole = places is None
        self._made: dict[int, Cells] = {}

    @classmethod
    def joined(cls, several: Sequence[Events]) -> Events:
        """The rows of several, one after the other."""
        several = [one for one in several if len(one)] or several[:1]
        tables: list[Cells] = []
        places = []
        for one in several:
            places.append(one.places + sum(table.shape[1] for table in tables))
            tables += one.tables
        return cls(tables, np.concatenate(places))

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, cell: int) -> Cells:
        if cell not in self._made:
            columns = [table[cell] for table in self.tables]
            if self._whole:
                self._made[cell] = np.concatenate(columns)
            elif self._parts is None:
                self._made[cell] = np.concatenate(columns)[self.places]
            else:
                self._made[cell] = np.concatenate([columns[k][at] for k, at in self._parts])
        return self._made[cell]

    @cached_property
    def _parts(self) -> list[tuple[int, Cells]] | None:
        """Where the rows stand in each table, if they are in order; so nothing is put together that nobody wants."""
        if len(self.places) == 0 or (self.places[1:] < self.places[:-1]).any():
            return None
        starts = np.concatenate(([0], np.cumsum([table.shape[1] for table in self.tables])))
        cuts = np.searchsorted(self.places, starts)
        spans = zip(range(len(self.tables)), cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
        return [(k, self.places[first:last] - starts[k]) for k, first, last in spans if first < last]

    def take(self, which: Cells | Mask) -> Events:
        """Some of the rows, by number, or by a mask."""
        return Events(self.tables, self.places[which])
