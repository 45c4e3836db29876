"""`Resets`: the resets of one batch, as columns, with their facts in groups.

Each group is one file of this folder and one attribute here, made when it is first asked for:

- `shape`       the reset segment's own fields
- `trigger`     the segment that it answers
- `opening`     how the connection began: refusals, unfinished handshakes, answers of old connections
- `progress`    how far the connection had come, states and closes of both ends
- `habits`      whether the reset looks like its sender's other packets; the sender's operating system
- `silences`    who was silent for how long
- `stalls`      retransmissions, probes, zero windows
- `aftermath`   what followed
- `declared`    reasons that the sender wrote into the reset
- `neighbours`  other connections of the same hosts
- `attempts`    other attempts to connect, of the same client and at the same service
- `vantage`     where the capture was taken
- `mechanism`   active, passive, firewall or forged
- `harm`        what was lost
- `tampering`   stage and signature after Sundara Raman et al.
- `kernel`      what the kernel that sent or received it said; None without kernel events
- `compared`    where captures of several places say that it was made; None when there is one capture only

A group refers to its resets weakly: they go as soon as their batch was shown, not when cycles are looked for.

The sender is the end whose address the reset carries as source, the peer is the other one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import proxy

import numpy as np

from whyrst.fast.tables import Conn, Dir, Glob, Log, Rst
from whyrst.resets.facts import Fact

if TYPE_CHECKING:
    from whyrst.fast.layout import Seg
    from whyrst.kernel.event import KernelEvent
    from whyrst.model import Origin
    from whyrst.resets.aftermath import Aftermath
    from whyrst.resets.attempts import Attempts
    from whyrst.resets.compared import Compared
    from whyrst.resets.declared import Declared
    from whyrst.resets.facts import Column, Mask
    from whyrst.resets.habits import Habits
    from whyrst.resets.harm import Harms
    from whyrst.resets.kernel import KernelFacts
    from whyrst.resets.mechanism import Mechanisms
    from whyrst.resets.neighbours import Neighbours
    from whyrst.resets.opening import Opening
    from whyrst.resets.progress import Progress
    from whyrst.resets.shape import Shape
    from whyrst.resets.silences import Silences
    from whyrst.resets.stalls import Stalls
    from whyrst.resets.tampering import Tampering
    from whyrst.resets.trigger import Trigger
    from whyrst.resets.vantage import Vantages


@dataclass(eq=False)
class Resets:
    """Resets of one batch.

    Attributes:
        cells: shape (Rst.COUNT, n).
        log: the log of recent connections, shape (Log.COUNT, lines).
        lines: lines of the log that are filled.
        names: server names by hash.
        payloads: payload of resets that carried one, by ordinal.
        captures: names of the capture files, by number.
        g: `Glob` cells when the batch was handed out.
        events: the kernel's event of each reset; None when no kernel was asked.
        senders: the event of the stack that sent it, where that is on this host, too, and `events` has the other end's.
        numbered: whether packets have numbers that a reader can look up; not so live.
        origins: where each reset was made, from captures of several places; None when there is one capture only.
    """

    cells: Column
    log: Column
    lines: int
    names: dict[int, str] = field(default_factory=dict)
    payloads: dict[int, bytes] = field(default_factory=dict)
    captures: tuple[str, ...] = ("",)
    g: Column = field(default_factory=lambda: np.zeros(Glob.COUNT, dtype=np.int64))
    events: tuple[KernelEvent | None, ...] | None = None
    senders: tuple[KernelEvent | None, ...] = ()
    origins: tuple[Origin | None, ...] | None = None
    numbered: bool = True

    def __len__(self) -> int:
        return int(self.cells.shape[1])

    def seg(self, cell: Seg) -> Column:
        """A cell of the reset segment."""
        return self.cells[Rst.SEGMENT + cell]

    def conn(self, cell: Conn) -> Column:
        """A cell of the connection, before the reset."""
        return self.cells[Rst.CONN + cell]

    def sender(self, cell: Dir) -> Column:
        """A cell of the direction whose source is the reset's source, before the reset."""
        return self.cells[Rst.SENDER + cell]

    def peer(self, cell: Dir) -> Column:
        """A cell of the other direction, before the reset."""
        return self.cells[Rst.PEER + cell]

    def own(self, cell: Rst) -> Column:
        """A cell about the reset itself, its trigger or what followed."""
        return self.cells[cell]

    def neighbour(self, cell: Log) -> Column:
        """A cell of the log, over its filled lines."""
        return self.log[cell, : self.lines]

    @cached_property
    def by_client(self) -> Mask:
        """The client's address is the source."""
        return self.own(Rst.SIDE) == 0

    @cached_property
    def by_server(self) -> Mask:
        """The server's address is the source."""
        return self.own(Rst.SIDE) == 1

    def client(self, cell: Dir) -> Column:
        """A cell of the client's direction."""
        return np.where(self.by_client, self.sender(cell), self.peer(cell))

    def server(self, cell: Dir) -> Column:
        """A cell of the server's direction."""
        return np.where(self.by_client, self.peer(cell), self.sender(cell))

    @cached_property
    def effective(self) -> Fact:
        """Whether the receiver took the reset.

        RFC 9293 section 3.10.7.4: its number must be the next one expected; in SYN-SENT it must acknowledge the SYN. A
        wrong checksum, or a connection that lived on, says no.
        """
        fact = self.progress.seq_expected
        fact = Fact(
            np.where(self.progress.answers_connect, np.where(self.shape.has_ack, 1, -1), fact.values).astype(np.int8)
        )
        dead = self.aftermath.survived.yes | self.shape.bad_checksum | self.aftermath.challenged.yes
        if self.compared is not None:
            dead |= self.compared.lost
        return Fact(np.where(dead, np.int8(-1), fact.values))

    @cached_property
    def own_delay(self) -> Column:
        """Nanoseconds from the answered segment to the reset; -1 when nothing was answered."""
        return np.where(self.trigger.found, self.trigger.delay, -1)

    @property
    def witnessed(self) -> bool:
        """Whether there is more than the wire of one place."""
        return self.events is not None or self.origins is not None

    @property
    def live(self) -> bool:
        """Only connections with resets are known, as the kernel tells them: that others ended in order, were served or
        even existed, cannot be known."""
        return self.events is not None and not self.numbered

    def of_others(self, condition: Mask) -> Fact:
        """A fact about other connections around, or their absence: unknown where only those with resets are known."""
        return Fact.of(condition, np.full(len(self), not self.live))

    @cached_property
    def kernel(self) -> KernelFacts | None:
        """What the kernel said."""
        if self.events is None:
            return None
        from whyrst.resets.kernel import KernelFacts

        return KernelFacts(proxy(self), self.events, self.senders)

    @cached_property
    def compared(self) -> Compared | None:
        """What captures of several places say together."""
        if self.origins is None:
            return None
        from whyrst.resets.compared import Compared

        return Compared(proxy(self), self.origins)

    @cached_property
    def shape(self) -> Shape:
        """The reset segment's own fields."""
        from whyrst.resets.shape import Shape

        return Shape(proxy(self))

    @cached_property
    def trigger(self) -> Trigger:
        """The segment that it answers."""
        from whyrst.resets.trigger import Trigger

        return Trigger(proxy(self))

    @cached_property
    def opening(self) -> Opening:
        """How the connection began."""
        from whyrst.resets.opening import Opening

        return Opening(proxy(self))

    @cached_property
    def progress(self) -> Progress:
        """How far the connection had come."""
        from whyrst.resets.progress import Progress

        return Progress(proxy(self))

    @cached_property
    def habits(self) -> Habits:
        """The sender's habits."""
        from whyrst.resets.habits import Habits

        return Habits(proxy(self))

    @cached_property
    def silences(self) -> Silences:
        """Who was silent for how long."""
        from whyrst.resets.silences import Silences

        return Silences(proxy(self))

    @cached_property
    def stalls(self) -> Stalls:
        """Retransmissions, probes, zero windows."""
        from whyrst.resets.stalls import Stalls

        return Stalls(proxy(self))

    @cached_property
    def aftermath(self) -> Aftermath:
        """What followed."""
        from whyrst.resets.aftermath import Aftermath

        return Aftermath(proxy(self))

    @cached_property
    def declared(self) -> Declared:
        """Reasons written into the reset."""
        from whyrst.resets.declared import Declared

        return Declared(proxy(self))

    @cached_property
    def neighbours(self) -> Neighbours:
        """Other connections of the same hosts."""
        from whyrst.resets.neighbours import Neighbours

        return Neighbours(proxy(self))

    @cached_property
    def attempts(self) -> Attempts:
        """Other attempts to connect."""
        from whyrst.resets.attempts import Attempts

        return Attempts(proxy(self))

    @cached_property
    def vantage(self) -> Vantages:
        """Where the capture was taken."""
        from whyrst.resets.vantage import Vantages

        return Vantages(proxy(self))

    @cached_property
    def mechanism(self) -> Mechanisms:
        """Active, passive, firewall or forged."""
        from whyrst.resets.mechanism import Mechanisms

        return Mechanisms(proxy(self))

    @cached_property
    def harm(self) -> Harms:
        """What was lost."""
        from whyrst.resets.harm import Harms

        return Harms(proxy(self))

    @cached_property
    def tampering(self) -> Tampering:
        """Stage and signature of connection tampering."""
        from whyrst.resets.tampering import Tampering

        return Tampering(proxy(self))
