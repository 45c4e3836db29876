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
from whyrst.fast.layout import Quality, Seg
from whyrst.fast.tables import Glob
from whyrst.resets.columns import Resets
from whyrst.trace.retell import Teller
from whyrst.verdicts.judged import Judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from whyrst.kernel.event import Ends, KernelEvent
    from whyrst.model import Verdict

    Row = npt.NDArray[np.int64]

SECOND = 1_000_000_000
HOLD = SECOND // 2
"""How long an event waits before it is judged."""
CONNECTIONS, FINISHED, PENDING, LINES = 1 << 12, 1 << 11, 1 << 10, 1 << 12
"""Limits of each tracker, see `connections.tracker`: live, finished, resets that wait, lines of the log."""
BEHIND = frozenset({"CLOSE_WAIT", "LAST_ACK", "CLOSING"})
"""Where a socket also takes a reset with the number of the FIN that it had (net/ipv4/tcp_input.c, tcp_reset_check)."""
MASK = 0xFFFFFFFF
SETTLE = SECOND // 50
"""Events of several CPUs come out of order by less than this."""
ITSELF = SECOND // 1000
"""A socket that aborts itself on data after its close passes the place where resets are taken (net/ipv4/tcp_input.c
tcp_reset), too, at the same moment; where the probe there has no segment to look at, this tells."""
SPACES = 64
"""Trackers that are kept; the one unused for longest goes first."""
SENT, TOGETHER, EARLIER = 1 << 12, SECOND, SECOND // 500
"""Resets sent that are remembered for the other end, which may be on this host; how long after sending it may be taken,
and how long before the event of the sender, which comes when the segment is already on its way."""
TOLD = 1 << 14
"""Connections of which the history was told already."""
LIVE = "live"


@dataclass
class _Lane:
    """One direction in one namespace."""

    tracker: Tracker = field(default_factory=lambda: Tracker(CONNECTIONS, FINISHED, PENDING, LINES))
    events: dict[int, KernelEvent] = field(default_factory=dict)
    """By the number that the reset's row has."""
    full: list[npt.NDArray[np.int64]] = field(default_factory=list)
    """Copies of resets that the tracker had no room for any more: a storm, in which none waits."""

    def feed(self, rows: npt.NDArray[np.int64], buffer: bytearray) -> None:
        """Follow segments."""
        self.full += [cells.copy() for cells in self.tracker.feed(rows, len(rows), buffer)]


class Session:
    """Judges events as they come.

    Args:
        name: what verdicts name as their capture.
        hold: ns that an event waits before it is judged.
    """

    def __init__(self, name: str = LIVE, hold: int = HOLD) -> None:
        self._name = name
        self._hold = hold
        self._waiting: list[tuple[KernelEvent, bytes, bool]] = []
        self._lanes: OrderedDict[tuple[int, bool], _Lane] = OrderedDict()
        self._told: OrderedDict[tuple[int, bool, str, str], int] = OrderedDict()
        self._leaving: list[_Lane] = []
        self._sent: OrderedDict[tuple[Ends, int], KernelEvent] = OrderedDict()
        self._count = 0
        self.untold = 0
        """Events without addresses, or of which the reset could not be rebuilt."""

    def take(self, event: KernelEvent, packet: bytes = b"", *, wanted: bool = True) -> None:
        """Remember an event.

        Args:
            event: the event.
            packet: the reset from its IP header on, if it was seen.
            wanted: without, it has no verdict of its own; those of others know of it.
        """
        self._waiting.append((event, packet, wanted))

    def ripe(self, now: int) -> Iterator[Judged]:
        """Judge what has waited long enough.

        Args:
            now: ns since 1970.
        """
        self._tell(now - SETTLE)
        yield from self._judge(now - self._hold)

    def close(self) -> Iterator[Judged]:
        """Judge what is left."""
        self._tell(None)
        yield from self._judge(None)

    def _tell(self, until: int | None) -> None:
        """Hand events over to the trackers, in order of time: they may be judged later, and know of each other."""
        self._waiting.sort(key=lambda one: one[0].time)
        ready = [one for one in self._waiting if until is None or one[0].time <= until]
        self._waiting = self._waiting[len(ready) :]
        own: dict[tuple[int, Ends | None], list[int]] = {}
        for event, *_ in ready:
            if event.kind == "sent":
                own.setdefault(_end(event), []).append(event.time)
        lanes: dict[tuple[int, bool], list[Row]] = {}
        events: dict[tuple[int, bool], dict[int, KernelEvent]] = {}
        buffer = bytearray()
        ready.sort(key=lambda one: one[0].kind != "sent")  # who takes one asks for its sender
        for event, packet, wanted in ready:
            sent = own.get(_end(event), ())
            if event.kind == "received" and any(abs(time - event.time) < ITSELF for time in sent):
                continue
            key = (event.netns, event.kind in {"sent", "unseen"})
            rows = self._rows(event, packet, buffer)
            if rows:
                self._remember(event, int(rows[-1][Seg.SEQ]))
                self._count += 1
                rows[-1][Seg.FRAME] = self._count
                if wanted:
                    events.setdefault(key, {})[self._count] = event
                lanes.setdefault(key, []).extend(rows)
            elif wanted:
                self.untold += 1
        for key, rows in lanes.items():
            lane = self._lane(key)
            lane.events |= events.get(key, {})
            lane.feed(np.stack(rows), buffer)

    def _judge(self, until: int | None) -> Iterator[Judged]:
        leaving, self._leaving = self._leaving, []
        for lane, when in [(lane, None) for lane in leaving] + [(lane, until) for lane in self._lanes.values()]:
            full, lane.full = lane.full, []
            for cells in full:
                yield from self._judged(lane, cells)
            for cells in lane.tracker.flush(when):
                yield from self._judged(lane, cells)

    def _rows(self, event: KernelEvent, packet: bytes, buffer: bytearray) -> list[Row]:
        """Segments of an event, the reset last; history only the first time that a connection is met. Who sent a reset
        from this host saw what it answers, and tells for both ends."""
        if event.ends is None:
            return []
        teller = Teller(event, packet, buffer)
        reset = teller.reset()
        if reset is None:
            return []
        sender = self._sender(event, int(reset[Seg.SEQ]))
        if sender is None and event.state in BEHIND and not packet:
            sender = self._sender(event, int(reset[Seg.SEQ] - 1) & MASK)
            reset[Seg.SEQ] = reset[Seg.SEQ] - (sender is not None) & MASK
        if sender is not None:
            teller = Teller(sender, b"", buffer)
        asked = teller.asked
        rows = [*([] if self._is_told(event) else teller.history()), *([asked] if asked is not None else [])]
        if sender is not None:
            for row in rows:
                row[Seg.QUALITY] ^= Quality.OUTGOING
        return [*rows, reset]

    def _is_told(self, event: KernelEvent) -> bool:
        """Whether this very connection was met before in this lane; addresses that are used again tell another opening
        time."""
        ends = event.ends
        assert ends is not None
        key = (event.netns, event.kind in {"sent", "unseen"}, ends.local, ends.remote)
        opened = event.past.opened if event.past is not None else 0
        known = abs(self._told.get(key, opened - SETTLE) - opened) < SETTLE  # jiffies, of an unknown beginning
        self._told[key] = opened
        self._told.move_to_end(key)
        while len(self._told) > TOLD:
            self._told.popitem(last=False)
        return known

    def _lane(self, key: tuple[int, bool]) -> _Lane:
        lane = self._lanes.get(key)
        if lane is None:  # a lane is costly to make
            lane = self._lanes[key] = _Lane()
        self._lanes.move_to_end(key)
        while len(self._lanes) > SPACES:
            self._leaving.append(self._lanes.popitem(last=False)[1])
        return lane

    def _judged(self, lane: _Lane, cells: npt.NDArray[np.int64]) -> Iterator[Judged]:
        """Judge those that are wanted."""
        tracker = lane.tracker
        found = [lane.events.pop(number, None) for number in cells[Seg.FRAME].tolist()]
        wanted = [i for i, event in enumerate(found) if event is not None]
        if not wanted:
            return
        if len(wanted) < len(found):
            cells = cells[:, wanted]
        events = tuple(found[i] for i in wanted)
        lines = min(int(tracker.g[Glob.LINES]), tracker.log.shape[1])
        resets = Resets(
            cells, tracker.log, lines, tracker.names, tracker.payloads, (self._name,), tracker.g,
            events=events, senders=tuple(map(self._sender, events, cells[Seg.SEQ].tolist())), numbered=False,
        )  # fmt: skip
        yield Judged(resets)

    def _remember(self, event: KernelEvent, seq: int) -> None:
        """Keep a reset that was sent from here for its other end. Of several alike the first counts: later ones answer
        what that end said before it took it."""
        if event.kind != "sent" or event.ends is None:
            return
        key = (event.ends.swapped, seq)
        before = self._sent.get(key)
        if before is None or event.time - before.time > TOGETHER:
            self._sent[key] = event
            self._sent.move_to_end(key)
        while len(self._sent) > SENT:
            self._sent.popitem(last=False)

    def _sender(self, event: KernelEvent | None, seq: int) -> KernelEvent | None:
        """The event of the stack that sent a reset which arrived here, if that stack is on this host: same ends, same
        sequence number, and not sent after it came. Somebody else's reset in its name differs in one of these."""
        if event is None or event.kind not in {"received", "dropped"} or event.ends is None:
            return None
        sent = self._sent.get((event.ends, seq))
        return sent if sent is not None and -EARLIER <= event.time - sent.time < TOGETHER else None


def _end(event: KernelEvent) -> tuple[int, Ends | None]:
    """One end of a connection."""
    return event.netns, event.ends


def verdicts(events: Iterable[KernelEvent], name: str = LIVE) -> Iterator[Verdict]:
    """Verdicts of recorded events, in order of time."""
    session = Session(name)
    for event in events:
        session.take(event)
    for judged in session.close():
        for i in range(len(judged)):
            yield judged.verdict(i)
