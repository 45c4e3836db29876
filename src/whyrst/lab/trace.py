"""Traces a run of a scenario live, and scores what is said about the resets that its hosts send and get.

The verdicts are made while the scenario runs, as `whyrst trace` makes them: what comes later than tracing waits
for does not count. A verdict is right when its cause is the true one, or one that is right at the sender's own host.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from msgspec.structs import replace

from whyrst.kernel.tracer import Tracer
from whyrst.kernel.twins import twins, wanted
from whyrst.lab.score import Outcome, match, outcome
from whyrst.lab.truth import WHERE
from whyrst.trace.session import Session
from whyrst.trace.watch import Watch
from whyrst.trace.witness import WAIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whyrst.kernel.event import KernelEvent
    from whyrst.lab.network import Host, Network
    from whyrst.lab.truth import Record, Truth
    from whyrst.model import Verdict
    from whyrst.verdicts.judged import Judged

SECOND = 1_000_000_000
PAUSE = 0.05
"""Seconds between two looks at the events."""
RATE = 20_000
"""Events a second, CPU and kind: other programs of the machine may make storms meanwhile."""
SETTLED = 10.0
"""Seconds until the run begins, watched or not."""
SENT, UNSEEN, RECEIVED = "sent", "unseen", "received"
LIVE = (SENT, UNSEEN, RECEIVED)
"""Names of the outcomes: by the host's TCP, out of the host without it, into the host."""


class Told(NamedTuple):
    """A verdict, and in which namespace it was made."""

    space: int
    kind: str
    time: int
    verdict: Verdict


class Probes(Tracer):
    """The probes; each event comes with what its host's tables hold just then.

    Args:
        hosts: gives the run's hosts, by the number of their namespace.
    """

    def __init__(self, hosts: Callable[[], Mapping[int, Host]]) -> None:
        super().__init__(rate=RATE)
        self._hosts = hosts

    def poll(self) -> list[KernelEvent]:
        """The events since the last call."""
        return [self._with_twins(event) for event in super().poll()]

    def _with_twins(self, event: KernelEvent) -> KernelEvent:
        host = self._hosts().get(event.netns)
        if host is not None and wanted(event) and event.packet is not None:
            with suppress(OSError):  # the run's network may be gone by now
                tables = [host.read(name).splitlines() for name in ("tcp", "tcp6")]
                return replace(event, twins=twins(event.packet.local, tables))
        return event


class Live:
    """Traces all network namespaces while it is open; a scenario runs meanwhile.

    Attributes:
        hosts: by the number of their namespace; their tables are looked at.
        events: all that came.
        told: their verdicts.
        whole: no event was left out.
    """

    def __init__(self) -> None:
        self.whole = True
        self.hosts: dict[int, Host] = {}
        self.events: list[KernelEvent] = []
        self.told: list[Told] = []
        self._session = Session()
        self._done, self._watched = threading.Event(), threading.Event()

    def begun(self, network: Network) -> None:
        """The network of the run is up; returns when it is watched."""
        hosts = (network.client, network.router, network.server, network.backend)
        self.hosts = {host.inode: host for host in hosts}
        self._watched.wait(SETTLED)

    def __enter__(self) -> Self:
        self._tracer = Probes(lambda: self.hosts)
        self._watch = Watch(self._tracer)
        self._thread = threading.Thread(target=self._follow, name="trace", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._watch.close()
        self._tracer.close()

    def _follow(self) -> None:
        while not self._done.wait(PAUSE):
            if self.hosts and not self._watched.is_set():
                for number, host in self.hosts.items():
                    self._watch.add(number, Path(f"/proc/self/fd/{host.fd}"))
                self._look(self._watch.poll())
                time.sleep(2 * WAIT)  # what came before counts no more
                self._watched.set()
            self._look(self._watch.poll())
            self._judge(self._session.ripe(time.time_ns()))
        self._look(self._watch.finish())
        self._judge(self._session.close())
        self.whole = not any(total.sampled + total.lost for total in self._tracer.totals().values())

    def replay(self, events: Iterable[KernelEvent]) -> None:
        """Take recorded events as if they came now, and judge them as they would have been judged then."""
        waiting = sorted(events, key=lambda event: event.time)
        now = waiting[0].time if waiting else 0
        while waiting:
            now += int(PAUSE * SECOND)
            for event in [event for event in waiting if event.time <= now]:
                self._session.take(event)
            waiting = [event for event in waiting if event.time > now]
            self._judge(self._session.ripe(now))
        self._judge(self._session.close())

    def _look(self, pairs: Iterable[tuple[KernelEvent, bytes]]) -> None:
        for event, packet in pairs:
            self.events.append(event)
            self._session.take(event, packet)

    def _judge(self, batches: Iterator[Judged]) -> None:
        for judged in batches:
            for i in range(len(judged)):
                verdict = judged.verdict(i)
                if verdict.kernel is not None:
                    socket = verdict.kernel.socket
                    self.told.append(Told(int(socket["netns"]), str(socket["kind"]), int(judged.time[i]), verdict))


def outcomes(record: Record, live: Live) -> Iterator[Outcome]:
    """Verdicts of a traced run beside the truth.

    Args:
        record: of the run.
        live: that was open meanwhile, and is closed now.
    """
    seen: set[int] = set()
    for host, space in record.spaces.items():
        for name, kinds in ((SENT, {"sent", "unseen"}), (RECEIVED, {"received", "dropped"})):
            verdicts = [t.verdict for t in live.told if t.space == space and t.kind in kinds and t.time <= record.ended]
            for one in match(record, verdicts):
                truth = one.truth
                side = UNSEEN if name == SENT and kind_of(one.verdict) == "unseen" else name
                if truth is not None and name == SENT:
                    seen.add(id(truth))
                accept: tuple[str, ...] = ()
                if truth is not None:
                    sender = name == SENT or told_by_sender(one.verdict)
                    accept = (*right_at(truth, truth.sender), *truth.live) if sender else right_at(truth, host)
                yield outcome(record, side, one, accept)
    for truth in record.resets:
        if live.whole and id(truth) not in seen and not truth.may_be_unseen and by_stack(truth):
            yield Outcome(record.scenario, record.seed, SENT, 0, truth.cause, "missed", "undetermined", False, False,
                          truth.how)  # fmt: skip


def kind_of(verdict: Verdict) -> str:
    """Kind of the event that a verdict is about."""
    return str(verdict.kernel.socket["kind"]) if verdict.kernel is not None else ""


def told_by_sender(verdict: Verdict) -> bool:
    """The event of the stack that sent it, on the same host, explains a reset that was received."""
    return verdict.kernel is not None and "sent_by" in verdict.kernel.socket


def by_stack(truth: Truth) -> bool:
    """A host's own TCP sent it."""
    return truth.mechanism in {"active", "passive"} and truth.origin == truth.sender and not truth.raw


def right_at(truth: Truth, host: str) -> tuple[str, ...]:
    """Causes that are right at a host; at one without a capture of its own, those that are right everywhere."""
    if host in WHERE:
        return truth.accept[host]
    return tuple(set.intersection(*(set(truth.accept[where]) for where in WHERE)))
