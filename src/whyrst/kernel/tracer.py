"""The probes at work: loaded, attached, read.

Reading is by the clock, not by wake-ups: a wake-up for each event costs ten times as much as the event. Everything
detaches when the process ends, however it ends; nothing is pinned.
"""

from __future__ import annotations

import struct
import time
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Self

from whyrst.kernel.btf import Names
from whyrst.kernel.libbpf import BpfError, BpfObject, RingBuffer, entries, per_cpu
from whyrst.kernel.probe import OBJECT, Ability, Host, probes
from whyrst.kernel.wire import HAS_FLOW, KINDS, LINGERS, STATES, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.kernel.event import KernelEvent

RATE, BURST = 10, 10
"""Events of each kind that are handed over in a second, and how many seconds' at once after a pause. In a storm the
rest is counted: telling one takes half a millisecond, and nobody reads more."""
TALLY = struct.Struct("<4Q")
SHAPE = struct.Struct("<IIBBBBIIxxxx")
COUNT = struct.Struct("<Q")
LATEST = struct.Struct("<Q24s3Q")
LINES = 8
"""Shapes that each CPU counts by itself, for each kind (`bpf/tally.h`)."""
ATTEMPTS = 10
SETTINGS = struct.Struct("<6I")
MONOTONIC_COARSE = 6
"""CLOCK_MONOTONIC_COARSE (include/uapi/linux/time.h): it advances once a jiffy."""


class Total(NamedTuple):
    """Resets of one kind: seen = delivered + sampled + lost."""

    seen: int
    delivered: int
    sampled: int
    lost: int


class Shape(NamedTuple):
    """What resets are counted under in the kernel, none left out."""

    kind: str
    reason: str | None
    state: str
    flags: int
    payload: bool
    unread: bool
    known: bool
    lingers: bool
    netns: int


class Tracer:
    """Live probes. Use as a context manager.

    Args:
        rate: events a second and kind that are handed over; the rest is counted.
        user_stacks: record user stacks, too.
        netns: inode number of the only network namespace to watch; 0 for all.

    Attributes:
        abilities: for each probe, whether and how it runs.

    Raises:
        BpfError: libbpf, BTF or privileges are missing, or no reset could be seen.
    """

    def __init__(self, *, rate: int = RATE, user_stacks: bool = False, netns: int = 0) -> None:
        host = Host()
        self.abilities: dict[str, Ability] = {name: probe.can_run(host) for name, probe in probes().items()}
        if not (self.abilities["send_reset"].programs or self.abilities["receive_reset"].programs):
            raise BpfError("; ".join(a.misses for a in self.abilities.values() if a.misses))
        self._names = Names(host.btf)
        programs = [name for ability in self.abilities.values() for name in ability.programs]
        self._object = BpfObject(str(OBJECT))
        self._object.choose(set(programs))
        taken = self._names.taken if self._names.taken is not None else 0xFFFFFFFF
        hz = round(1 / time.clock_getres(MONOTONIC_COARSE))
        settings = (rate, rate * BURST, user_stacks, netns, taken, hz)
        self._object.initial(".rodata", 0, SETTINGS.pack(*map(int, settings)))
        self._waiting: list[bytes] = []
        self._reader = Reader(self._names, host.symbols)
        host.btf.close()
        try:
            self._object.load()
            self._ring = RingBuffer(self._object.map_fd("events"), self._waiting.append)
            for name in programs:
                self._object.attach(name)
        except BpfError:
            self._object.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def poll(self) -> list[KernelEvent]:
        """The events since the last call, in the order in which they were recorded."""
        self._ring.consume()
        events = [self._reader.read(data) for data in self._waiting]
        self._waiting.clear()
        return events

    def programs(self) -> dict[str, int]:
        """The programs that run, with their file descriptors."""
        return {name: self._object.program_fd(name) for name in self._object.attached}

    def totals(self) -> dict[str, Total]:
        """Counts of each kind, over all CPUs."""
        fd = self._object.map_fd("tallies")
        found = {}
        for number, kind in enumerate(KINDS):
            parts = [TALLY.unpack(value) for value in per_cpu(fd, number, TALLY.size)]
            found[kind] = Total(*map(sum, zip(*parts, strict=True)))
        return found

    def shapes(self) -> dict[Shape, int]:
        """Counts of all resets, by what the kernel tells cheaply; exact when the probes were stopped. Before, a few may
        be missing: those that a CPU adds to the table just now."""
        found: dict[Shape, int] = {}
        for key, count in chain(self._table(), self._latest()):
            kind, reason, state, flags, payload, unread, marks, netns = SHAPE.unpack(key)
            name = self._names.reset_reason(reason) if kind == 0 else self._names.drop_reason(reason)
            shape = Shape(
                KINDS[kind], name if kind != 1 else None, STATES[state] if state < len(STATES) else "UNKNOWN", flags,
                bool(payload), bool(unread), bool(marks & HAS_FLOW), bool(marks & LINGERS), netns,
            )  # fmt: skip
            found[shape] = found.get(shape, 0) + count
        return found

    def _table(self) -> Iterator[tuple[bytes, int]]:
        """What was counted for all CPUs."""
        for key, value in entries(self._object.map_fd("shapes"), SHAPE.size, COUNT.size):
            yield key, COUNT.unpack(value)[0]

    def _latest(self) -> Iterator[tuple[bytes, int]]:
        """What each CPU counted and did not add to the table yet."""
        fd = self._object.map_fd("latest")
        for place in range(len(KINDS) * LINES):
            values = [LATEST.unpack(value) for value in per_cpu(fd, place, LATEST.size)]
            for _ in range(ATTEMPTS):  # a line may have changed while it was copied
                if all(changed == changing for changed, *_, changing in values):
                    break
                values = [LATEST.unpack(value) for value in per_cpu(fd, place, LATEST.size)]
            for changed, shape, _, count, changing in values:
                if count and changed == changing:
                    yield shape, count

    def spaces(self) -> dict[int, dict[str, int]]:
        """Resets by network namespace and kind."""
        found: dict[int, dict[str, int]] = {}
        for shape, count in self.shapes().items():
            of = found.setdefault(shape.netns, dict.fromkeys(KINDS, 0))
            of[shape.kind] += count
        return found

    def stop(self) -> None:
        """Detach the probes; what they had seen can still be read, and changes no more."""
        self._object.detach()

    def close(self) -> None:
        """Detach everything."""
        self._ring.close()
        self._object.close()
