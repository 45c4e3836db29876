"""Segments of one connection picked from batches of rows, as steps of its ladder."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from whyrst.connections.follow import Follower
from whyrst.fast.layout import Flag, Seg
from whyrst.reports.ladder import Fold, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Rows = np.ndarray[Any, np.dtype[np.int64]]

HEAD = 64
"""Segments that are remembered from the start of a connection."""

TAIL = 512
"""Segments that are remembered before its reset."""

AFTER = 64
"""Segments that are read after its reset."""

BLOCK = 512
"""Segments that gather before early ones are summed up."""

_WRAP = 1 << 32
_SAME_PACKET = 50_000_000
"""Nanoseconds within which an equal segment with an equal IP ID is a copy made by the capture."""


def endpoint(text: str) -> tuple[int, int, int]:
    """Upper and lower half of an address as `Seg.SRC_HI` and `Seg.SRC_LO` hold them, and the port."""
    host, _, port = text.rpartition(":")
    address = ipaddress.ip_address(host.strip("[]"))
    value = int(address) if address.version == 6 else 0xFFFF_0000_0000 | int(address)  # noqa: PLR2004
    return _signed(value >> 64), _signed(value & (1 << 64) - 1), int(port)


class Steps:
    """Segments of one connection around its reset, taken in as they are read.

    Memory is bounded however long the connection is: the first segments, those before the reset, some after it and
    those that are asked for are kept; the others are summed up in folds, as arrays and not one by one.

    Args:
        client: address halves and port of the end that opened it.
        start: time of the connection's first packet (ns), since its 4-tuple may have been used before.
        reset_frame: frame of the reset.
        wanted: frames that are kept wherever they stand.
    """

    def __init__(self, client: tuple[int, int, int], start: int, reset_frame: int, wanted: Iterable[int] = ()) -> None:
        self._client = client
        self._start = start
        self._reset = reset_frame
        self._wanted = sorted({*wanted, reset_frame})
        self._numbers = Relative()
        self._follower = Follower()
        self._items: list[Step | Fold] = []
        self._waiting: list[Rows] = []
        self._room: int | None = None
        """Segments that are still read after the reset; none before it was seen."""

    @property
    def done(self) -> bool:
        """Whether nothing that follows can matter."""
        return self._room == 0

    def take(self, rows: Rows) -> None:
        """Take in the next segments of both directions, shape (n, Seg.COUNT)."""
        if self._room is None:
            rows = rows[(rows[:, Seg.TIME] >= self._start) | (rows[:, Seg.FRAME] == self._reset)]
            found = np.flatnonzero((rows[:, Seg.FRAME] == self._reset) & (rows[:, Seg.FLAGS] & Flag.RST != 0))
            if found.size:
                self._room = AFTER
                self._waiting.append(rows[: found[0] + 1].copy())
                rows = rows[found[0] + 1 :]
        if self._room is not None:
            rows = rows[: self._room]
            self._room -= len(rows)
        self._waiting.append(rows.copy())
        waiting = sum(len(one) for one in self._waiting)
        if self._room is None and waiting > HEAD + TAIL + BLOCK:
            early = np.concatenate(self._waiting)
            self._settle(early[:-TAIL])
            self._waiting = [early[-TAIL:]]

    def items(self) -> list[Step | Fold]:
        """What was kept, with folds between. Asked for once, at the end."""
        if not self._waiting:
            return []
        rows = np.concatenate(self._waiting)
        late = TAIL + (AFTER - self._room if self._room is not None else 0)
        if len(rows) > late:
            self._settle(rows[:-late])
        reached = False
        for row in rows[-late:].tolist():
            if reached and self._numbers.starts_anew(self._side(row), row):
                break
            self._step(row)
            reached = reached or row[Seg.FRAME] == self._reset
        return self._items

    def _settle(self, rows: Rows) -> None:
        """Segments that are too early to be shown: all but the first and the wanted ones are summed up."""
        first = max(HEAD - len(self._items), 0)
        for row in rows[:first].tolist():
            self._step(row)
        rows = rows[first:]
        kept = np.flatnonzero(np.isin(rows[:, Seg.FRAME], self._wanted)).tolist()
        for begin, end in pairwise([-1, *kept, len(rows)]):
            self._sum_up(rows[begin + 1 : end])
            if end < len(rows):
                self._step(rows[end].tolist())

    def _step(self, row: list[int]) -> None:
        states = self._follower.after(row, self._client)
        self._items.append(replace(self._numbers.step(self._side(row), row), states=states))

    def _sum_up(self, rows: Rows) -> None:
        if not len(rows):
            return
        server = (rows[:, [Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT]] != np.array(self._client)).any(axis=1)
        self._follower.pass_over(rows)
        self._numbers.pass_over(rows, server)
        length, time = rows[:, Seg.LENGTH], rows[:, Seg.TIME]
        hidden = Fold(
            len(rows), int(length[~server].sum()), int(length[server].sum()), int(time.min()), int(time.max())
        )
        if isinstance(self._items[-1], Fold):
            hidden = cast("Fold", self._items.pop()) + hidden
        self._items.append(hidden)

    def _side(self, row: list[int]) -> int:
        return int((row[Seg.SRC_HI], row[Seg.SRC_LO], row[Seg.SPORT]) != self._client)


class Relative:
    """Turns sequence numbers into distances from each side's first one, also when they wrap."""

    def __init__(self) -> None:
        self._first: list[int | None] = [None, None]
        self._next = [0, 0]
        """Relative number behind the highest byte of each side."""
        self._seen: list[tuple[int, ...]] = [(), ()]
        self._isn: list[int | None] = [None, None]
        self._acked = [-1, -1]
        """Highest acknowledgement that each side sent, relative to the other's numbers."""
        self._window = [-1, -1]

    def starts_anew(self, side: int, cells: list[int]) -> bool:
        """A SYN with another initial number: the ports are used again."""
        syn = cells[Seg.FLAGS] & (Flag.SYN | Flag.ACK | Flag.RST) == Flag.SYN
        return syn and self._isn[side] not in (None, cells[Seg.SEQ])

    def step(self, side: int, cells: list[int]) -> Step:
        """The segment with relative numbers, and whether it is a repeat."""
        flags, length = cells[Seg.FLAGS], cells[Seg.LENGTH]
        if flags & Flag.SYN and not flags & Flag.RST:
            self._isn[side] = cells[Seg.SEQ]
            if self._next[side] == 0:
                self._first[side] = cells[Seg.SEQ]
        ack = self._place(1 - side, cells[Seg.ACK]) if flags & Flag.ACK else None
        seq = self._place(side, cells[Seg.SEQ])
        step = Step(
            frame=cells[Seg.FRAME],
            time=cells[Seg.TIME],
            side=side,
            flags=flags,
            seq=seq,
            ack=ack,
            length=length,
            window=cells[Seg.WINDOW],
            note=self._note(side, cells, seq, ack),
        )
        if not flags & Flag.RST:
            self._next[side] = max(self._next[side], seq + length + bool(flags & Flag.SYN) + bool(flags & Flag.FIN))
        if ack is not None:
            self._acked[side] = max(self._acked[side], ack)
        self._seen[side], self._window[side] = _identity(cells), cells[Seg.WINDOW]
        return step

    def pass_over(self, rows: Rows, server: NDArray[np.bool]) -> None:
        """Go on as if each of these segments had been asked for; `server` tells who sent it."""
        for side, mine in enumerate((rows[~server], rows[server])):
            flags = mine[:, Seg.FLAGS]
            counted = mine[flags & Flag.RST == 0]
            if not len(counted):
                continue
            self._place(side, int(counted[0, Seg.SEQ]))
            flags = counted[:, Seg.FLAGS]
            ahead = (counted[:, Seg.SEQ] - self._first[side] - self._next[side]) % _WRAP
            ahead = np.where(ahead < _WRAP // 2, ahead, ahead - _WRAP)
            ahead += counted[:, Seg.LENGTH] + (flags & Flag.SYN != 0) + (flags & Flag.FIN != 0)
            self._next[side] += max(0, int(ahead.max()))
            last = mine[-1].tolist()
            self._seen[side], self._window[side] = _identity(last), last[Seg.WINDOW]
        for side, mine in enumerate((rows[~server], rows[server])):
            acking = mine[mine[:, Seg.FLAGS] & (Flag.ACK | Flag.RST) == Flag.ACK]
            for number in acking[-1:, Seg.ACK].tolist():
                self._acked[side] = max(self._acked[side], self._place(1 - side, number))

    def _place(self, side: int, number: int) -> int:
        first = self._first[side]
        if first is None:
            self._first[side] = first = number
        ahead = (number - first - self._next[side]) % _WRAP
        return self._next[side] + (ahead if ahead < _WRAP // 2 else ahead - _WRAP)

    def _note(self, side: int, cells: list[int], seq: int, ack: int | None) -> str:
        seen, flags, length = self._seen[side], cells[Seg.FLAGS], cells[Seg.LENGTH]
        same = _identity(cells)
        if seen and same[1:] == seen[1:] and same[0] - seen[0] < _SAME_PACKET and cells[Seg.IP_ID] > 0:
            return "copy"
        if flags & Flag.RST:
            return ""
        behind = self._next[side]
        if seq == behind - 1 and length <= 1 and not flags & (Flag.SYN | Flag.FIN) and behind > 1:
            return "probe"
        taken = length + bool(flags & Flag.SYN) + bool(flags & Flag.FIN)
        if taken:
            return "again" if seq + taken <= behind else ""
        return "dup ack" if self._repeats(side, ack, cells[Seg.WINDOW]) else ""

    def _repeats(self, side: int, ack: int | None, window: int) -> bool:
        """RFC 5681 section 2: an ACK without news although the other side has data under way."""
        under_way = ack is not None and ack < self._next[1 - side]
        return under_way and ack == self._acked[side] and window == self._window[side]


def _identity(cells: list[int]) -> tuple[int, ...]:
    names = (Seg.TIME, Seg.SEQ, Seg.ACK, Seg.FLAGS, Seg.LENGTH, Seg.WINDOW, Seg.IP_ID)
    return tuple(cells[name] for name in names)


def _signed(half: int) -> int:
    return half - (1 << 64) if half >= 1 << 63 else half


def nanoseconds(time: str) -> int:
    """An ISO 8601 time in UTC, with up to nine decimals, as nanoseconds since 1970."""
    head, _, fraction = time.removesuffix("Z").removesuffix("+00:00").partition(".")
    seconds = datetime.fromisoformat(head).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (seconds.days * 86400 + seconds.seconds) * 1_000_000_000 + int(f"{fraction:0<9}"[:9])
