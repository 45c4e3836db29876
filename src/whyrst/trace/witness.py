"""Resets that were seen on interfaces, paired with the kernel's events about them.

An event gets its packet. A packet that left this host without any event was not made by the TCP stack: a packet
filter's reject rule, a raw socket, XDP or a stack in user space made it. That conclusion needs care:

- The packet may belong to an event of another namespace (containers), with translated addresses: sequence numbers are
  kept by NAT, so they identify it.
- It may be passing through: then it came in before, on this host, whatever its addresses were then; or, where numbers
  are rewritten (SYNPROXY, application gateways), with these addresses a moment before.
- It may leave by several interfaces one after the other (VLAN, bond, bridge, tunnel): each event, and each copy that
  came in, explains one packet at each place.
- Its event may have been sampled out or lost, or be older than the probes: then nothing follows from its absence.

Packets and events come in any order. Time is that of arrival here, since queues may hold a packet long after its event.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whyrst.kernel.event import SCHEMA, Ends, KernelEvent, Task
from whyrst.kernel.wiretap import segment
from whyrst.trace.known import Known, known, numbers

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from whyrst.kernel.event import Kind
    from whyrst.kernel.wiretap import Seen, Segment
    from whyrst.trace.known import Place

    Pair = tuple[KernelEvent, bytes]

WAIT = 0.2
"""Seconds that an event waits for its packet, and a packet for its event."""
LONG_WAIT = 1.0
"""Seconds until a reset that came in is believed to have ended here: a router's queue may hold it for a while."""
BRIEFLY = 0.05
"""Seconds that a packet that came in waits for its event, which is only late when it was recorded this very moment."""
RATE = 1000
"""Unseen resets a second that are told one by one, as many as the probes hand over of each kind."""
MEMORY = 10.0
"""Seconds that what was told can explain a packet: longer than a queue holds one."""
GRACE = 1.0
"""Seconds after the start in which a packet's event may be older than the probes."""
MOST = 1 << 15
"""Events and packets that are remembered."""
ALIKE = 64
"""Of the same key."""
LOOPBACK = "lo"


@dataclass(eq=False, slots=True)
class _Loose:
    """A packet that nothing explains so far."""

    since: float
    seen: Seen
    found: Segment
    passing: Known | None
    """What it explains itself if it goes on."""

    @property
    def passed_on(self) -> bool:
        """It left this host again."""
        return self.passing is not None and self.passing.passed_on


class Witness:
    """Pairs packets with events.

    Args:
        started: seconds of the clock that `take` counts by; the probes ran before.
        all_sent_told: the probes see every reset that the TCP stack sends; else no packet is called unseen.
        drops_told: the probes see resets that are dropped; else they are told from packets.

    Attributes:
        undecided: packets that left without an event while events or packets were being lost.
        untold: unseen resets that were too many to be told one by one.
    """

    def __init__(self, started: float, *, all_sent_told: bool = True, drops_told: bool = True) -> None:
        self._all_sent_told, self._drops_told = all_sent_told, drops_told
        self._sent_lost = self._received_lost = started + GRACE - WAIT
        self._memory: deque[Known] = deque()
        self._by: dict[Hashable, deque[Known]] = {}
        self._waiting: deque[Known] = deque()
        self._loose: list[_Loose] = []
        self._ready: list[Pair] = []
        self._release = os.uname().release
        self._patience = BRIEFLY if drops_told else LONG_WAIT
        self._tokens, self._filled = float(RATE), started
        self.undecided = 0
        self.untold = 0

    def take(
        self, seen: Iterable[Seen], events: Iterable[KernelEvent], now: float, *, sent_lost: bool = False,
        received_lost: bool = False,
    ) -> None:  # fmt: skip
        """Remember what came since the last call.

        Args:
            seen: packets, read before the events: what is told about them is then mostly there.
            events: of the probes.
            now: seconds of a clock that never goes back.
            sent_lost: events of sent resets, or packets, were sampled out or lost since the last call.
            received_lost: the same for received and dropped ones.
        """
        self._sent_lost = now if sent_lost else self._sent_lost
        self._received_lost = now if received_lost else self._received_lost
        for event in events:
            item = known(event, now)
            if item is None:
                self._ready.append((event, b""))
            else:
                self._waiting.append(item)
                self._remember(item)
        self._loose = [each for each in self._loose if not self._explained(each)]
        for one in seen:
            found = segment(one.packet)
            if found is not None:
                each = _Loose(now, one, found, self._pass(one, found, now))
                if not self._explained(each) and not self._is_copy(each):
                    self._loose.append(each)
        self._give_up(sent_lost, received_lost)
        self._forget(now)

    def _give_up(self, sent_lost: bool, received_lost: bool) -> None:  # noqa: FBT001 - private
        """Nothing will follow from packets of a time of losses; in a storm they are many."""
        if sent_lost or received_lost:
            left = [each for each in self._loose if not (sent_lost if each.seen.outgoing else received_lost)]
            if self._all_sent_told and sent_lost:
                self.undecided += sum(each.seen.outgoing for each in self._loose)
            self._loose = left

    @property
    def rests(self) -> bool:
        """Nothing waits, and nothing is remembered that could explain a packet."""
        return not (self._memory or self._waiting or self._loose or self._ready)

    @property
    def wondering(self) -> bool:
        """Some packet left and has no event so far."""
        return any(each.seen.outgoing for each in self._loose)

    def ripe(self, now: float) -> Iterator[Pair]:
        """Events with their packets (from the IP header on; empty where none was seen), and what packets alone tell."""
        while self._waiting and (not self._waiting[0].waiting or self._waiting[0].since <= now - WAIT):
            item = self._waiting.popleft()
            if item.waiting and item.event is not None:
                item.waiting = False
                self._ready.append((item.event, b""))
        left = []
        for each in self._loose:
            if each.since > now - (WAIT if each.seen.outgoing else self._patience):
                left.append(each)
            else:
                self._ready.extend(self._concluded(each, now))
        self._loose = left
        ready, self._ready = self._ready, []
        yield from ready

    def _concluded(self, each: _Loose, now: float) -> Iterator[Pair]:
        """What follows from a packet that nothing explains."""
        seen, found = each.seen, each.found
        if seen.outgoing and self._all_sent_told:
            if self._sent_lost >= each.since - WAIT:
                self.undecided += 1
            elif self._is_too_much(now):
                self.untold += 1
            else:
                yield self._told("unseen", seen, Ends(found.source, found.target)), seen.packet
        elif seen.here and not each.passed_on and not self._drops_told and self._received_lost < each.since - WAIT:
            yield self._told("dropped", seen, Ends(found.target, found.source)), seen.packet

    def _is_too_much(self, now: float) -> bool:
        """Whether a storm of unseen resets exceeds what is told one by one."""
        self._tokens = min(self._tokens + (now - self._filled) * RATE, RATE)
        self._filled = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False

    def _told(self, kind: Kind, seen: Seen, ends: Ends) -> KernelEvent:
        return KernelEvent(
            schema=SCHEMA, kind=kind, time=seen.time, netns=seen.netns, cpu=0, reason=None, probed=False,
            state="UNKNOWN", substate=None, socket=None, packet=ends, trigger=seen.packet, numbers=None, past=None,
            in_process=False, task=Task(0, ""), uid=0, cookie=0, cgroup=0, inode=0, stack=(), user_stack=(),
            kernel=self._release,
        )  # fmt: skip

    def _pass(self, seen: Seen, found: Segment, now: float) -> Known | None:
        """Remember a packet that came in and may go on; what loops back came from here."""
        if seen.outgoing or seen.interface == LOOPBACK:
            return None
        return self._remember(Known(now, _passing(seen, found), time=seen.time))

    def _explained(self, each: _Loose) -> bool:
        """Whether something explains a packet. The first of several equal ones stands for the others."""
        seen, found = each.seen, each.found
        place = (seen.netns, seen.interface, seen.outgoing)
        for sent in (True,) if seen.outgoing else (False, True):
            item = self._find((sent, found.source, found.target), place, found)
            if item is not None:
                self._deliver(item, seen)
                return True
            if self._find((sent, numbers(found.seq, found.ack)), place) is not None:
                return True
        return seen.outgoing and self._passed(seen, found, place, each.since)

    def _passed(self, seen: Seen, found: Segment, place: Place, now: float) -> bool:
        """Whether a packet that left had come in before. A container here may take it: its event gets the packet."""
        same, rewritten = _passing(seen, found)
        recent = [item for item in self._by.get(rewritten, ()) if item.since > now - LONG_WAIT]
        for item in (*self._by.get(same, ()), *recent):
            if item.time <= seen.time and place not in item.explained:
                item.explained.add(place)
                item.passed_on = True
                taker = next((k for k in self._by.get((False, found.source, found.target), ()) if k.waiting), None)
                if taker is not None and taker.fits(found):
                    self._deliver(taker, seen)
                return True
        return False

    def _is_copy(self, each: _Loose) -> bool:
        """Whether an equal packet passed another interface; the first one stands for the others."""
        seen = each.seen
        place, key = (seen.netns, seen.interface, seen.outgoing), (seen.netns, seen.outgoing, each.found)
        if self._find(key, place) is not None:
            return True
        self._remember(Known(each.since, (key,), explained={place}))
        return False

    def _find(self, key: Hashable, place: Place, found: Segment | None = None) -> Known | None:
        """What explains one more packet at a place, best what happened in its namespace and has its very numbers."""
        free = [item for item in self._by.get(key, ()) if place not in item.explained]
        if found is not None:
            exact = numbers(found.seq, found.ack)
            near = [item for item in free if item.event is not None and item.event.netns == place[0]]
            for some in (near, free):
                fitting = [item for item in some if item.numbers == exact] or [i for i in some if i.fits(found)]
                if fitting:
                    break
            free = fitting
        if not free:
            return None
        free[0].explained.add(place)
        return free[0]

    def _deliver(self, item: Known, seen: Seen) -> None:
        """Hand over an event with its packet."""
        if item.waiting and item.event is not None:
            item.waiting = False
            self._ready.append((item.event, seen.packet))

    def _remember(self, item: Known) -> Known:
        self._memory.append(item)
        for key in item.keys:
            self._by.setdefault(key, deque(maxlen=ALIKE)).append(item)
        return item

    def _forget(self, now: float) -> None:
        """Let go what is too old to explain a packet. What must go earlier is missed like a lost event."""
        while self._memory and (self._memory[0].since < now - MEMORY or len(self._memory) > MOST):
            item = self._memory.popleft()
            if item.since >= now - MEMORY:
                self._sent_lost = self._received_lost = now
            for key in item.keys:
                alike = self._by[key]
                if alike and alike[0] is item:
                    alike.popleft()
                if not alike:
                    del self._by[key]


def _passing(seen: Seen, found: Segment) -> tuple[Hashable, Hashable]:
    """How a packet that passes is known when it leaves: addresses may have been translated, or numbers rewritten."""
    return (
        (seen.netns, numbers(found.seq, found.ack), found.flags),
        (seen.netns, found.source, found.target, found.flags),
    )
