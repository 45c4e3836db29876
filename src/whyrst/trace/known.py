"""What explains a packet: an event with what its reset must look like, or another packet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from whyrst.kernel.wiretap import ACK, segment

if TYPE_CHECKING:
    from collections.abc import Hashable

    from whyrst.kernel.event import KernelEvent
    from whyrst.kernel.wiretap import Segment

    Place = tuple[int, str, bool]
    """Namespace, interface, whether it left there."""
    Numbers = tuple[int, int]

SYN, FIN = 2, 1
MASK = 0xFFFFFFFF


@dataclass(eq=False, slots=True)
class Known:
    """Something that explains packets: an event, a packet that came in, or the first of several equal packets.

    Attributes:
        since: when it came.
        keys: under which it is found.
        numbers: of the reset, see `numbers`; None when they are not known.
        explained: where it explained a packet; at each place it explains one.
        time: of the packet.
        passed_on: the packet left again.
        waiting: the event was not handed over.
    """

    since: float
    keys: tuple[Hashable, ...]
    numbers: Numbers | None = None
    event: KernelEvent | None = None
    explained: set[Place] = field(default_factory=set)
    time: int = 0
    passed_on: bool = False
    waiting: bool = True

    def fits(self, found: Segment) -> bool:
        """Whether an event may be about this segment, whose addresses are the same but not its numbers.

        An abort's number may be less than the next one when the window shrank (tcp_acceptable_seq), and what a socket
        takes may lie within its window, or have the number of the FIN before it (tcp_reset_check).
        """
        event = self.event
        assert event is not None, "asked of events only"
        n = event.numbers
        if self.numbers is None:
            return True
        if event.kind == "received":
            return n is None or event.state == "SYN_SENT" or (found.seq - n.rcv_nxt + 1) & MASK <= n.rcv_wnd + 1
        return event.active and event.numbers is not None and event.numbers.rcv_nxt == found.ack


class Form(NamedTuple):
    """What an event's reset looks like.

    Attributes:
        source: ip:port.
        target: ip:port.
        numbers: see `numbers`; None when they are not known.
    """

    source: str
    target: str
    numbers: Numbers | None


def form(event: KernelEvent) -> Form | None:
    """What the reset of an event looks like; None when the event does not tell.

    An answer's numbers are those of RFC 9293 section 3.5.2. An abort starts at the next number; what a socket takes is
    at the next expected one or, in SYN_SENT, acknowledges its SYN.
    """
    asked = segment(event.trigger)
    if event.kind == "dropped":
        return Form(asked.source, asked.target, numbers(asked.seq, asked.ack)) if asked is not None else None
    if asked is not None:
        end = asked.seq + asked.length + bool(asked.flags & SYN) + bool(asked.flags & FIN)
        answer = (asked.ack, 0) if asked.flags & ACK else (0, end & MASK)
        return Form(asked.target, asked.source, numbers(*answer))
    ends, n = event.ends, event.numbers
    if ends is None:
        return None
    if event.kind == "sent":
        return Form(ends.local, ends.remote, numbers(n.snd_nxt, n.rcv_nxt) if n is not None else None)
    if n is None:
        return Form(ends.remote, ends.local, None)
    return Form(ends.remote, ends.local, numbers(*((0, n.snd_nxt) if event.state == "SYN_SENT" else (n.rcv_nxt, 0))))


def known(event: KernelEvent, now: float) -> Known | None:
    """An event as something that explains packets: by its addresses, and by its numbers alone; None if it cannot."""
    shape, sent = form(event), event.kind == "sent"
    if shape is None:
        return None
    keys: tuple[Hashable, ...] = ((sent, shape.source, shape.target),)
    return Known(now, (*keys, (sent, shape.numbers)) if shape.numbers is not None else keys, shape.numbers, event)


def numbers(seq: int, ack: int) -> Numbers:
    """What survives the translation of addresses and identifies a reset: its number, or, where that is 0, the other."""
    return (seq, 0) if seq else (0, ack)
