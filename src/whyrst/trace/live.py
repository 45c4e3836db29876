"""The loop's one turn: read events, let them ripen, judge them, count them.

What is shown is somebody else's business; so is when the next turn is taken.
"""

from __future__ import annotations

import codecs
import time
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NamedTuple

from whyrst.kernel.tracer import RATE, Tracer
from whyrst.reports.source import CONFIDENCES, HARMS, MECHANISMS
from whyrst.trace.counts import Counts, Frequent
from whyrst.trace.frames import with_frames
from whyrst.trace.session import Session
from whyrst.trace.shape import shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whyrst.kernel.event import KernelEvent
    from whyrst.kernel.tracer import Total
    from whyrst.model import Confidence, HarmLevel, Verdict
    from whyrst.trace.selection import Selection
    from whyrst.trace.watch import Watch
    from whyrst.verdicts.judged import Judged

COUNTED_EVERY = 1.0
"""Seconds between two readings of the kernel's counts."""
LEISURE, LONGEST = 50, 2.0
"""Judging rests so many times as long as it took, two seconds at the most: many resets take hardly longer than one."""
UNKNOWN_PROCESS = "unknown"


class Told(NamedTuple):
    """One judged reset. `verdict` works until the next one is asked for."""

    event: KernelEvent
    judged: Judged
    row: int

    @property
    def cause(self) -> str:
        """Cause id."""
        return self.judged.ids[int(self.judged.cause[self.row])]

    @property
    def confidence(self) -> Confidence:
        """How sure that is."""
        return CONFIDENCES[int(self.judged.confidence[self.row])]

    @property
    def mechanism(self) -> str:
        """Who made it, and how."""
        return MECHANISMS[int(self.judged.mechanism[self.row])]

    @property
    def harm(self) -> HarmLevel:
        """What it destroyed."""
        return HARMS[int(self.judged.harm[self.row])]

    def verdict(self) -> Verdict:
        """Everything about it; slow, so only for what is shown in full."""
        return self.judged.verdict(self.row)


def load() -> None:
    """Import all that judging needs, before privileges are dropped: who we become may not be allowed to read it."""
    from whyrst import causes, kernel, resets, verdicts

    for package in (causes, kernel, resets, verdicts):
        for found in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(found.name)
    causes.all_causes()
    codecs.lookup("unicode_escape")


class CountingTracer(Tracer):
    """Probes whose events are counted as soon as they are read: later they wait for what belongs to them.

    Args:
        counts: where.
        rate: events a second and kind that are handed over; the rest is counted.
        user_stacks: record user stacks, too.
        netns: inode number of the only network namespace to watch; 0 for all.

    Raises:
        BpfError: libbpf, BTF or privileges are missing, or no reset could be seen.
    """

    def __init__(self, counts: Counts, *, rate: int = RATE, user_stacks: bool = False, netns: int = 0) -> None:
        super().__init__(rate=rate, user_stacks=user_stacks, netns=netns)
        self.counts = counts

    def poll(self) -> list[KernelEvent]:
        """The events since the last call."""
        events = [with_frames(event) for event in super().poll()]  # now: a process may end any moment
        for event in events:
            self.counts.deliver(shape_of(event))
        return events


class Live:
    """Judges what the probes tell.

    Args:
        tracer: the probes.
        watch: what surrounds them.
        selection: what is wanted.
        noted: called with each wanted event before it is judged.

    Attributes:
        counts: resets by outcome.
        peers: the other ends' addresses.
    """

    def __init__(
        self,
        tracer: CountingTracer,
        watch: Watch,
        selection: Selection,
        noted: Callable[[KernelEvent], None] | None = None,
    ) -> None:
        self._tracer = tracer
        self._watch = watch
        self._selection = selection
        self._noted = noted
        self._session = Session()
        self._counted = time.monotonic()
        self._due = 0.0
        self.counts = tracer.counts
        self.peers = Frequent()

    def totals(self) -> dict[str, Total]:
        """What the probes counted, by kind."""
        return self._tracer.totals()

    def turn(self) -> Iterator[Told]:
        """Read what came, and give what is ripe."""
        self._read(self._watch.poll())
        if time.monotonic() - self._counted >= COUNTED_EVERY:
            self._count()
        began = time.monotonic()
        if began >= self._due:
            yield from self._told(self._session.ripe(time.time_ns()))
            ended = time.monotonic()
            self._due = ended + min((ended - began) * LEISURE, LONGEST)

    def close(self) -> Iterator[Told]:
        """Stop the probes and give the rest."""
        self._read(self._watch.finish())
        yield from self._told(self._session.close())
        for _ in range(2):  # the second one uses the first one's numbers, which change no more
            self._count()

    def _read(self, pairs: Iterable[tuple[KernelEvent, bytes]]) -> None:
        for event, packet in pairs:
            wanted = self._selection.wants(event, packet)
            if not wanted:
                self.counts.judge(shape_of(event), None)
            elif self._noted is not None:
                self._noted(event)
            self._session.take(event, packet, wanted=wanted)

    def _told(self, batches: Iterable[Judged]) -> Iterator[Told]:
        for judged in batches:
            assert judged.resets.kernel is not None, "a session judges events"
            for row, event in enumerate(judged.resets.kernel.own):
                if event is None:
                    continue
                told = Told(event, judged, row)
                if not self._selection.wants_cause(told.cause):
                    self.counts.judge(shape_of(event), None)
                    continue
                self._judged(told)
                yield told

    def _judged(self, told: Told) -> None:
        event = told.event
        process = event.process.comm if event.process is not None else UNKNOWN_PROCESS
        outcome = self.counts.outcome(told.cause, told.mechanism, event.kind, process)
        self.counts.judge(shape_of(event), outcome)
        if event.ends is not None:
            self.peers.add(event.ends.remote.rsplit(":", 1)[0])

    def _count(self) -> None:
        """Ask the kernel for its counts, if it counted more than it handed over."""
        self._counted = time.monotonic()
        if any(total.sampled or total.lost for total in self._tracer.totals().values()):
            self.counts.kernel(self._tracer.shapes())


__all__ = ["Live", "Told"]
