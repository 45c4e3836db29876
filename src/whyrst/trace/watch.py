"""The probes' events with all that the host tells besides: packets, owners, containers, rules of the packet filter.

This is the edge: it holds the sockets, files and helpers. What they tell is put together by `trace.witness` and the
readers in `kernel`. Everything that needs privileges is opened at once; they can be given up after that.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from whyrst.kernel import counters
from whyrst.kernel.containers import Containers
from whyrst.kernel.namespaces import Namespaces, here, inside
from whyrst.kernel.owners import Owners
from whyrst.kernel.rejects import Rules
from whyrst.kernel.taps import Taps
from whyrst.kernel.twins import tables_of, twins, wanted
from whyrst.trace.witness import WAIT, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from whyrst.kernel.event import KernelEvent
    from whyrst.kernel.tracer import Total, Tracer

    Pair = tuple[KernelEvent, bytes]
    Counted = dict[int, dict[str, int]]

T = TypeVar("T")
PATIENCE = 2.0
"""Seconds that an unseen reset waits for the list of rules."""
LEISURE = 50
"""The tables of sockets rest so many times as long as they took."""
STEP = 0.02


def counted(namespaces: Namespaces) -> Counted:
    """Counters of all namespaces that can be read. Read them before the probes are attached, too."""
    found: Counted = {}
    for number in namespaces:
        net = namespaces.net(number)
        try:
            if net is not None:
                found[number] = counters.read(net)
        except OSError:  # its last process ended
            continue
    return found


class Watch:
    """Follows a tracer.

    Args:
        tracer: the probes, attached, of all namespaces: what they do not tell is taken for made elsewhere.
        before: counters of before they were attached, see `counted`.
        also: numbers of further network namespaces whose packets and rules are watched; ours always is.

    Attributes:
        missing: what is not watched, and why.
    """

    def __init__(self, tracer: Tracer, before: Counted | None = None, also: Iterable[int] = ()) -> None:
        self._tracer = tracer
        self._namespaces = Namespaces()
        self._attached = counted(self._namespaces)
        self._before = self._attached if before is None else before
        self._last: Counted = {}
        self._after: Counted = {}
        """Counters just before and after the probes were stopped; what is sent later is not theirs."""
        self._owners, self._containers = Owners(), Containers()
        self._owners.search()
        self.missing: list[str] = []
        self._taps: dict[int, Taps] = {}
        self._rules: dict[int, Rules] = {}
        self._added = False
        for number in dict.fromkeys((here(), *also)):
            self.add(number)
        self._added = False  # Witness knows of the start
        told = tracer.abilities
        self._witness = Witness(
            time.monotonic(), all_sent_told=bool(told["send_reset"].programs) and not told["send_reset"].misses,
            drops_told=bool(told["drop"].programs) or not told["receive_reset"].programs,
        )  # fmt: skip
        self._totals = tracer.totals()
        self._dropped = 0
        self._tables_due = 0.0
        self._unproven: list[tuple[float, Pair]] = []

    def add(self, number: int, door: Path | None = None) -> None:
        """Watch packets and rules of a namespace, too.

        Args:
            number: its number.
            door: a path that leads into it, where no process lives there.
        """
        if number in self._taps:
            return
        self._added = True
        net = self._namespaces.net(number)
        if net is not None:
            self._owners.read(number, net)
        try:
            self._taps[number] = self._within(number, door, Taps)
        except OSError as error:
            self.missing.append(f"packets of namespace {number}: {error.strerror or error}")
            return
        rules = self._within(number, door, Rules)
        if rules.missing:
            self.missing.append(f"rules that reject with a reset: {rules.missing}")
            rules.close()
        else:
            self._rules[number] = rules
            self._hear(number, rules)

    def _hear(self, number: int, rules: Rules) -> None:
        """Loopback is heard where a rule could make resets on it: on every host it would cost too much."""
        if rules.any and number in self._taps:
            self._taps[number].hear_loopback()

    def _within(self, number: int, door: Path | None, make: Callable[[], T]) -> T:
        if number == here():
            return make()
        door = door or self._namespaces.door(number)
        if door is None:
            raise OSError(f"no process is known to live in namespace {number}")
        return inside(door, make)

    def poll(self) -> list[Pair]:
        """Events since the last call, each with the reset's packet from its IP header on (empty when not seen).

        Events wait up to 0.2 s for their packets, and unseen resets a little longer.
        """
        seen = [one for tap in self._taps.values() for one in tap.poll()]  # before the events, see Witness.take
        events = [self._enriched(event) for event in self._tracer.poll()]  # at once: sockets go
        now = time.monotonic()
        dropped = sum(tap.dropped for tap in self._taps.values())
        deaf = self._added or dropped > self._dropped or any(tap.behind for tap in self._taps.values())
        self._added, self._dropped = False, dropped
        if seen or events or deaf or not self._witness.rests:  # else what was lost is asked when it may matter
            totals = self._tracer.totals()
            lost = {kind: _lost(totals[kind]) > _lost(self._totals[kind]) for kind in totals}
            self._totals = totals
            sent_lost, received_lost = deaf or lost["sent"], deaf or lost["received"] or lost["dropped"]
            self._witness.take(seen, events, now, sent_lost=sent_lost, received_lost=received_lost)
        return list(self._proven(self._witness.ripe(now), now))

    def _proven(self, pairs: Iterable[Pair], now: float) -> Iterator[Pair]:
        """Unseen resets get the rules that may have made them, from a list that was asked for after them."""
        for event, packet in pairs:
            if event.kind == "unseen" and event.netns in self._rules:
                self._unproven.append((now, (event, packet)))
            else:
                yield event, packet
        asking = {event.netns for _, (event, _) in self._unproven}
        for number, rules in self._rules.items():
            if number in asking:
                rules.ask()
            else:
                rules.renew()
            if rules.poll():
                self._hear(number, rules)
        left = []
        for since, (event, packet) in self._unproven:
            rules = self._rules[event.netns]
            if rules.asked > event.time or rules.missing or since < now - PATIENCE:
                yield replace(event, rejects=rules.suspects(event.time)), packet
            else:
                left.append((since, (event, packet)))
        self._unproven = left

    def _enriched(self, event: KernelEvent) -> KernelEvent:
        """With what the host tells about its socket, its process and container."""
        if wanted(event):
            event = self._with_twins(event)
        if event.process is None:
            owner = self._owners.of(event, partial(self._namespaces.net, event.netns))
            event = replace(event, owner=owner) if owner is not None else event
        found = self._containers.of(event)
        return replace(event, container=found.id) if found is not None else event

    def _with_twins(self, event: KernelEvent) -> KernelEvent:
        """With the other connections of its port; in a storm only now and then, since the table may be long."""
        began = time.monotonic()
        net = self._namespaces.net(event.netns)
        if event.packet is None or net is None or began < self._tables_due:
            return event
        found = twins(event.packet.local, tables_of(net))
        now = time.monotonic()
        self._tables_due = now + LEISURE * (now - began)
        return replace(event, twins=found)

    @property
    def undecided(self) -> int:
        """Packets that left without an event while events or packets were being lost."""
        return self._witness.undecided

    @property
    def untold(self) -> int:
        """Unseen resets that were too many to be told one by one."""
        return self._witness.untold

    def checks(self) -> dict[int, counters.Check]:
        """The probes against the kernel's own counters, by namespace."""
        last = self._last or counted(self._namespaces)
        seen = {number: kinds["sent"] for number, kinds in self._tracer.spaces().items()}
        after = self._after or counted(self._namespaces)
        return {
            number: counters.check(seen.get(number, 0), self._before.get(number, old), old, now, last[number])
            for number, now in after.items()
            # A namespace that is gone may leave its number to a new one, whose counters begin at 0. One that could not
            # be read at one of these moments, because the process that showed it had ended, cannot be compared.
            if (old := self._attached.get(number)) is not None
            and number in last
            and counters.sent(old) <= counters.sent(last[number]) <= counters.sent(now)
        }

    def rises(self) -> Counted:
        """By how much the kernel's counters rose since the start, by namespace."""
        now = counted(self._namespaces)
        return {number: counters.rises(old, now[number]) for number, old in self._attached.items() if number in now}

    def finish(self) -> list[Pair]:
        """Stop the probes and give the rest: packets first, since without probes nothing tells whose they are."""
        found = self.poll()
        for tap in self._taps.values():
            tap.close()
        self._taps.clear()
        time.sleep(STEP)
        self._last = counted(self._namespaces)
        self._tracer.stop()
        self._after = counted(self._namespaces)
        end = time.monotonic() + WAIT + STEP
        while time.monotonic() < end or (self._unproven and time.monotonic() < end + PATIENCE):
            found += self.poll()
            time.sleep(STEP)
        return found + self.poll()

    def close(self) -> None:
        """Let go of everything."""
        for tap in self._taps.values():
            tap.close()
        for rules in self._rules.values():
            rules.close()
        self._taps.clear()
        self._rules.clear()


def _lost(total: Total) -> int:
    return total.sampled + total.lost
