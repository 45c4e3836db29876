"""Segments of one connection picked from batches of rows, as steps of its ladder."""

from __future__ import annotations

import ipaddress
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.fast.layout import Flag, Seg
from whyrst.reports.ladder import Fold, Step, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Rows = np.ndarray[Any, np.dtype[np.int64]]

HEAD = 64
"""Segments that are remembered from the start of a connection."""

TAIL = 512
"""Segments that are remembered before its reset."""

AFTER = 64
"""Segments that are read after its reset."""

_WRAP = 1 << 32
_SAME_PACKET = 50_000_000
"""Nanoseconds within which an equal segment with an equal IP ID is a copy made by the capture."""


def endpoint(text: str) -> tuple[int, int, int]:
    """Upper and lower half of an address as `Seg.SRC_HI` and `Seg.SRC_LO` hold them, and the port."""
    host, _, port = text.rpartition(":")
    address = ipaddress.ip_address(host.strip("[]"))
    value = int(address) if address.version == 6 else 0xFFFF_0000_0000 | int(address)  # noqa: PLR2004
    return _signed(value >> 64), _signed(value & (1 << 64) - 1), int(port)


def select(batches: Iterable[Rows], client: str, server: str) -> Iterator[tuple[int, list[int]]]:
    """Rows of both directions between two ends.

    Args:
        batches: rows of `Seg` cells.
        client: ip:port.
        server: ip:port.

    Yields:
        The side (0 client, 1 server) and the cells of each segment.
    """
    one, two = endpoint(client), endpoint(server)
    cells = [Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT, Seg.DST_HI, Seg.DST_LO, Seg.DPORT]
    for rows in batches:
        ports = (rows[:, Seg.SPORT] == one[2]) & (rows[:, Seg.DPORT] == two[2])
        ports |= (rows[:, Seg.SPORT] == two[2]) & (rows[:, Seg.DPORT] == one[2])
        near = rows[ports]
        ends = near[:, cells]
        forth = (ends == np.array([*one, *two])).all(axis=1)
        back = (ends == np.array([*two, *one])).all(axis=1)
        for at in np.flatnonzero(forth | back):
            yield int(back[at]), near[at].tolist()


def steps(segments: Iterable[tuple[int, list[int]]], start: int, reset_frame: int) -> list[Step | Fold]:
    """Segments of one connection around its reset.

    Args:
        segments: side and cells, in the order of the capture.
        start: time of the connection's first packet (ns), since its 4-tuple may have been used before.
        reset_frame: frame of the reset.

    Returns:
        The first segments, those before the reset and some after it, with a fold where some were left out.
    """
    numbers = Relative()
    head: list[Step] = []
    tail: deque[Step] = deque(maxlen=TAIL)
    middle: Fold | None = None
    after = -1
    for side, cells in segments:
        if cells[Seg.TIME] < start and cells[Seg.FRAME] != reset_frame:
            continue
        if after >= 0 and (after == AFTER or numbers.starts_anew(side, cells)):
            break
        step = numbers.step(side, cells)
        if len(head) < HEAD:
            head.append(step)
        else:
            if len(tail) == TAIL:
                middle = folded(tail[0]) if middle is None else middle + folded(tail[0])
            tail.append(step)
        if after >= 0 or step.frame == reset_frame:
            after += 1
    return [*head, *([middle] if middle else []), *tail]


class Relative:
    """Turns sequence numbers into distances from each side's first one, also when they wrap."""

    def __init__(self) -> None:
        self._first: list[int | None] = [None, None]
        self._next = [0, 0]
        """Relative number behind the highest byte of each side."""
        self._seen: list[tuple[int, ...]] = [(), ()]
        self._isn: list[int | None] = [None, None]

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
            note=self._note(side, cells, seq),
        )
        if not flags & Flag.RST:
            self._next[side] = max(self._next[side], seq + length + bool(flags & Flag.SYN) + bool(flags & Flag.FIN))
        self._seen[side] = _identity(cells)
        return step

    def _place(self, side: int, number: int) -> int:
        first = self._first[side]
        if first is None:
            self._first[side] = first = number
        ahead = (number - first - self._next[side]) % _WRAP
        return self._next[side] + (ahead if ahead < _WRAP // 2 else ahead - _WRAP)

    def _note(self, side: int, cells: list[int], seq: int) -> str:
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
        return "again" if taken and seq + taken <= behind else ""


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
