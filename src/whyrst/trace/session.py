"""From kernel events to judged resets.

Each direction (sent, received) in each network namespace has a tracker of its own: on a host with containers both ends
of a connection may be here, and the same addresses may stand for different hosts. Events wait a moment before they are
judged, so that further resets of the same connection and the packet itself, which comes another way, are known.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from whyrst.connections.tracker import Tracker
from whyrst.fast.layout import Seg
from whyrst.fast.tables import Glob
from whyrst.resets.columns import Resets
from whyrst.trace.retell import Teller
from whyrst.verdicts.judged import Judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from whyrst.kernel.event import KernelEvent
    from whyrst.model import Verdict

    Row = npt.NDArray[np.int64]

SECOND = 1_000_000_000
HOLD = SECOND // 2
"""How long an event waits before it is judged."""
CONNECTIONS, FINISHED, PENDING, LINES = 1 << 12, 1 << 11, 1 << 10, 1 << 12
"""Limits of each tracker, see `connections.tracker`: live, finished, resets that wait, lines of the log."""
SPACES = 64
"""Trackers that are kept; the one unused for longest goes first."""
TOLD = 1 << 14
"""Connections of which the history was told already."""
LIVE = "live"


@dataclass
class _Lane:
    """One direction in one namespace."""

    tracker: Tracker = field(default_factory=lambda: Tracker(CONNECTIONS, FINISHED, PENDING, LINES))
    events: dict[int, KernelEvent] = field(default_factory=dict)
    """By the number that the reset's row has."""


class Session:
    """Judges events as they come.

    Args:
        name: what verdicts name as their capture.
        hold: ns that an event waits before it is judged.
    """

    def __init__(self, name: str = LIVE, hold: int = HOLD) -> None:
        self._name = name
        self._hold = hold
        self._waiting: list[tuple[KernelEvent, bytes]] = []
        self._lanes: OrderedDict[tuple[int, bool], _Lane] = OrderedDict()
        self._told: OrderedDict[tuple[int, str, str], int] = OrderedDict()
        self._count = 0
        self.untold = 0
        """Events without addresses, or of which the reset could not be rebuilt."""

    def take(self, event: KernelEvent, packet: bytes = b"") -> None:
        """Remember an event, and the reset's packet from its IP header on if it was seen."""
        self._waiting.append((event, packet))

    def ripe(self, now: int) -> Iterator[Judged]:
        """Judge what has waited long enough.

        Args:
            now: ns since 1970.
        """
        self._waiting.sort(key=lambda pair: pair[0].time)
        ready = [pair for pair in self._waiting if pair[0].time <= now - self._hold]
        self._waiting = self._waiting[len(ready) :]
        yield from self._judge(ready)

    def close(self) -> Iterator[Judged]:
        """Judge what is left."""
        self._waiting.sort(key=lambda pair: pair[0].time)
        ready, self._waiting = self._waiting, []
        yield from self._judge(ready)

    def _judge(self, pairs: Iterable[tuple[KernelEvent, bytes]]) -> Iterator[Judged]:
        lanes: dict[tuple[int, bool], list[Row]] = {}
        buffer = bytearray()
        for event, packet in pairs:
            key = (event.netns, event.kind in {"sent", "unseen"})
            rows = self._rows(event, packet, buffer)
            if rows:
                self._count += 1
                rows[-1][Seg.FRAME] = self._count
                self._lane(key).events[self._count] = event
                lanes.setdefault(key, []).extend(rows)
            else:
                self.untold += 1
        for key, rows in lanes.items():
            yield from self._feed(self._lane(key), np.stack(rows), buffer)

    def _rows(self, event: KernelEvent, packet: bytes, buffer: bytearray) -> list[Row]:
        """Segments of an event, the reset last; history only the first time that a connection is met."""
        if event.ends is None:
            return []
        teller = Teller(event, packet, buffer)
        reset, asked = teller.reset(), teller.asked
        if reset is None:
            return []
        history = [] if self._is_told(event) else teller.history()
        return [*history, *([asked] if asked is not None else []), reset]

    def _is_told(self, event: KernelEvent) -> bool:
        """Whether this very connection was met before; addresses that are used again tell another opening time."""
        ends = event.ends
        assert ends is not None
        key = (event.netns, ends.local, ends.remote)
        opened = event.past.opened if event.past is not None else 0
        known = self._told.get(key) == opened
        self._told[key] = opened
        self._told.move_to_end(key)
        while len(self._told) > TOLD:
            self._told.popitem(last=False)
        return known

    def _lane(self, key: tuple[int, bool]) -> _Lane:
        lane = self._lanes.setdefault(key, _Lane())
        self._lanes.move_to_end(key)
        while len(self._lanes) > SPACES:
            self._lanes.popitem(last=False)
        return lane

    def _feed(self, lane: _Lane, rows: npt.NDArray[np.int64], buffer: bytearray) -> Iterator[Judged]:
        tracker = lane.tracker
        for cells in tracker.feed(rows, len(rows), buffer):
            yield self._judged(lane, cells)
        for cells in tracker.flush():
            yield self._judged(lane, cells)
        lane.events.clear()

    def _judged(self, lane: _Lane, cells: npt.NDArray[np.int64]) -> Judged:
        tracker = lane.tracker
        events = tuple(lane.events.get(number) for number in cells[Seg.FRAME].tolist())
        lines = min(int(tracker.g[Glob.LINES]), tracker.log.shape[1])
        resets = Resets(
            cells, tracker.log, lines, tracker.names, tracker.payloads, (self._name,), tracker.g,
            events=events, numbered=False,
        )  # fmt: skip
        return Judged(resets)


def verdicts(events: Iterable[KernelEvent], name: str = LIVE) -> Iterator[Verdict]:
    """Verdicts of recorded events, in order of time."""
    session = Session(name)
    for event in events:
        session.take(event)
    for judged in session.close():
        for i in range(len(judged)):
            yield judged.verdict(i)
