"""The tracker: the arrays that the compiled loop works on, and what leaves them.

Memory is bounded whatever the capture holds. The table has `LIMIT` connections; when it is full the longest
idle is forgotten and counted. Finished connections stay for two minutes of capture time, at most `KEEP` of
them. Resets wait in a ring until half of it is judged, so that what followed a reset is known by then. The log
of recent connections is a ring, too.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

import numpy as np

from whyrst.connections.states import as_array
from whyrst.fast.layout import Seg
from whyrst.fast.select import tracker as loop
from whyrst.fast.tables import WIDTH, Glob, Log, Rst

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Cells = npt.NDArray[np.int64]

NEAR = 32
"""Segments whose place in the table is looked for ahead, see `fast.tracker`."""
LIMIT = 1 << 18
"""Connections in the table. A row has 2.2 kB, used only once a connection needs it."""
KEEP = 1 << 13
"""Finished connections that stay in the table."""
PENDING = 1 << 13
"""Resets that wait to be judged; half of them at a time."""
STORM = 1 << 15
"""As many wait when resets are a good part of all segments (more than one in STORM_SHARE): larger batches judge faster,
and a scan's resets come so quickly that a small ring would look ahead by a moment only."""
STORM_SHARE = 8
LINES = 1 << 15
"""Recent connections in the log."""
PADDING = 8
"""Unused rows behind each column of resets and of the log, see `fast.tracker`."""
NAMES = 1 << 16
"""Server names that are remembered; later ones stay nameless."""
PAYLOAD = 256
"""Bytes of a reset's payload that are kept."""


class Tracker:
    """Follows the segments of one capture, or of a joined series.

    Attributes:
        g: `Glob` cells, shape (Glob.COUNT,).
        log: recent connections as columns, shape (Log.COUNT, LINES).
        names: hash of a TLS server name or HTTP host -> the name.
        payloads: ordinal of a reset -> its first payload bytes.
    """

    def __init__(self, limit: int = LIMIT, keep: int = KEEP, pending: int = PENDING, lines: int = LINES) -> None:
        buckets = 1 << max(10, (limit - 1).bit_length())
        self.g: Cells = np.zeros(Glob.COUNT, dtype=np.int64)
        for cell in (Glob.FREE, Glob.OLDEST, Glob.NEWEST, Glob.HAND):
            self.g[cell] = -1
        self._huge = limit >= LIMIT
        self._lines: Cells = _zeros(Log.COUNT * (lines + PADDING), huge=self._huge).reshape(Log.COUNT, -1)
        self.log: Cells = self._lines[:, :lines]
        self.names: dict[int, str] = {}
        self.payloads: dict[int, bytes] = {}
        self._table: Cells = _zeros(limit * WIDTH, huge=self._huge)
        self._heads: Cells = np.full(buckets, -1, dtype=np.int64)
        self._resets = _ring(pending, huge=self._huge)
        self._pending = pending
        self._storm = STORM if pending == PENDING else pending
        self._keep = keep
        self._moves = as_array()
        self._seen: Cells = np.zeros(1 << 12, dtype=np.int64)
        self._found: Cells = np.zeros((1 << 12, 3), dtype=np.int64)
        self._near: Cells = np.zeros(NEAR, dtype=np.int64)

    def feed(self, rows: Cells, n: int, buffer: bytearray | memoryview | bytes, capture: int = 0) -> Iterator[Cells]:
        """Follow n segments; yields resets that are ripe to be judged, as columns (Rst.COUNT, m).

        Args:
            rows: segments, shape (at least n, Seg.COUNT).
            n: how many of them count.
            buffer: what their payload and name offsets count in.
            capture: number of the file they come from.
        """
        self.g[Glob.CAPTURE] = capture
        done = 0
        while True:
            first = int(self.g[Glob.RESETS])
            self.g[Glob.NAMES] = 0
            done = loop.follow(
                rows.reshape(-1).data, done, n, self._table.data, self._heads.data, self._resets.reshape(-1).data,
                self._lines.reshape(-1).data, self.g.data, self._moves.data, self._keep, buffer, self._seen.data,
                self._found.data, self._near.data,
            )  # fmt: skip
            self._keep_names(buffer)
            self._keep_payloads(first, buffer)
            if done >= n:
                return
            if self._pending < self._storm and self.g[Glob.RESETS] * STORM_SHARE > self.g[Glob.SEGMENTS]:
                self._widen()
            else:
                yield from self._ripe(self._pending // 2)

    def close(self) -> Iterator[Cells]:
        """End of the capture: yields the resets that are left."""
        loop.count_open(self._table.data, self.g.data)
        while self.g[Glob.RESETS] > self.g[Glob.FLUSHED]:
            yield from self._ripe(self._pending // 2)

    def row(self, slot: int) -> Cells:
        """The connection in a slot of the table: `Conn` cells, then `Dir` cells and a ring for each side."""
        return self._table[slot * WIDTH : (slot + 1) * WIDTH]

    def sync(self) -> None:
        """Bring the lines of the log up to date, as judging does."""
        loop.sync(self._table.data, self._lines.reshape(-1).data, self.g.data)

    def flush(self, until: int | None = None) -> Iterator[Cells]:
        """Yields the resets that wait, without regard to what may follow.

        Args:
            until: only those not younger than this, ns since 1970; None for all.
        """
        while (waiting := int(self.g[Glob.RESETS] - self.g[Glob.FLUSHED])) > 0:
            at = int(self.g[Glob.FLUSHED]) % self._pending
            times = self._resets[Seg.TIME, at : at + min(waiting, self._pending - at)]
            young = np.flatnonzero(times > until) if until is not None else times[:0]
            most = int(young[0]) if len(young) else len(times)
            if most == 0:
                return
            yield from self._ripe(min(most, max(self._pending // 2, 1)))

    def _ripe(self, most: int) -> Iterator[Cells]:
        """The oldest resets, at most so many, in one contiguous range of the ring."""
        first, last = int(self.g[Glob.FLUSHED]), int(self.g[Glob.RESETS])
        at = first % self._pending
        count = min(last - first, most, self._pending - at)
        after = self._resets[Rst.AFTER :].copy() if last - first > count else None
        loop.propagate(self._resets.reshape(-1).data, first, last)
        loop.sync(self._table.data, self._lines.reshape(-1).data, self.g.data)
        yield self._resets[:, at : at + count]
        if after is not None:
            # Those that stay hear of more; what was summed up for this judging would count twice.
            self._resets[Rst.AFTER :] = after
        for ordinal in [o for o in self.payloads if o < first + count]:
            del self.payloads[ordinal]
        self.g[Glob.FLUSHED] = first + count

    def _widen(self) -> None:
        """Move the resets that wait to a ring of the size for storms."""
        waiting = np.arange(int(self.g[Glob.FLUSHED]), int(self.g[Glob.RESETS]))
        wider = _ring(self._storm, huge=self._huge)
        wider[:, waiting % self._storm] = self._resets[:, waiting % self._pending]
        self._resets, self._pending = wider, self._storm

    def _keep_names(self, buffer: bytearray | memoryview | bytes) -> None:
        for key, at, length in self._found[: int(self.g[Glob.NAMES])].tolist():
            if len(self.names) < NAMES:
                self.names[key] = bytes(buffer[at : at + length]).decode("latin-1")

    def _keep_payloads(self, first: int, buffer: bytearray | memoryview | bytes) -> None:
        """Keep the payload of the resets from ordinal first on: a sender may tell its reason there."""
        last = int(self.g[Glob.RESETS])
        if first == last:
            return
        ring = np.arange(first, last) % self._pending
        have = self._resets[Seg.PAYLOAD_HAVE, ring]
        for k in np.flatnonzero(have > 0).tolist():
            at = int(self._resets[Seg.PAYLOAD_AT, ring[k]])
            self.payloads[first + k] = bytes(buffer[at : at + min(int(have[k]), PAYLOAD)])


def _zeros(cells: int, *, huge: bool) -> Cells:
    """Zeros that take memory only where they are used, and begin where a page does.

    Those of the C library are cleared by hand where the process had given memory back before: whoever follows each of
    many namespaces would pay for whole tables. Huge pages, where the system has them, save look-ups of addresses in a
    large table, whose rows are met in any order.
    """
    room = mmap.mmap(-1, max(cells, 1) * np.dtype(np.int64).itemsize, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if huge and hasattr(mmap, "MADV_HUGEPAGE"):
        room.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(room, dtype=np.int64, count=cells)


def _ring(rows: int, *, huge: bool) -> Cells:
    """Columns for so many resets."""
    return _zeros(Rst.COUNT * (rows + PADDING), huge=huge).reshape(Rst.COUNT, -1)
