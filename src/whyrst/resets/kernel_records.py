"""What the kernel's reason, stack and flight recorder say about resets, as facts.

The reason is evidence, not the root cause: several causes share one, and only the functions on the stack, the socket's
numbers and what the flight recorder kept tell them apart. A fact is unknown where no event belongs to the reset, or
where this kernel does not tell.
"""

from __future__ import annotations

from errno import EHOSTUNREACH, ENETUNREACH, ETIMEDOUT
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.kernel.derive import flags_of, reason
from whyrst.kernel.derive import functions as functions_of
from whyrst.resets.facts import SECOND, Fact

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.kernel.event import KernelEvent, Numbers, Past
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

    Events = tuple[KernelEvent | None, ...]

ORDERLY = frozenset({0, 1, 2, 3, 15})
"""How a process ends in order: by itself, or by SIGHUP, SIGINT, SIGQUIT, SIGTERM."""
UNANSWERED = frozenset({ETIMEDOUT, EHOSTUNREACH, ENETUNREACH})


class KernelRecords:
    """Kernel events of the resets of a batch, by index; None where there is none.

    Attributes:
        own: the event that each reset belongs to.
        events: what judges hear: who sent a reset knows why, so its event goes before that of the end that took it.
    """

    def __init__(self, resets: Resets, events: Events, senders: Events = ()) -> None:
        self._r = resets
        self.own = events
        self.events = tuple(s or e for s, e in zip(senders, events, strict=True)) if senders else events

    def fact(self, of: Callable[[KernelEvent], bool | None]) -> Fact:
        """A fact about each event; None is unknown."""
        return _fact([None if event is None else of(event) for event in self.events])

    @cached_property
    def _reasons(self) -> list[str | None]:
        return [reason(e) if e is not None and e.kind == "sent" else None for e in self.events]

    @cached_property
    def _functions(self) -> list[frozenset[str]]:
        return [functions_of(e) if e is not None and e.kind == "sent" else frozenset() for e in self.events]

    @cached_property
    def _flags(self) -> list[int | None]:
        """Flags of the segments that asked for the resets."""
        sent = (e if e is not None and e.kind == "sent" and e.trigger else None for e in self.events)
        return [flags_of(e.trigger) if e is not None else None for e in sent]

    def numbers(self, of: Callable[[Numbers], bool | None]) -> Fact:
        """A fact about the socket's numbers; unknown without a full socket."""
        return self.fact(lambda e: of(e.numbers) if e.numbers is not None else None)

    def past(self, of: Callable[[Past], bool | None]) -> Fact:
        """A fact about what the flight recorder kept; unknown for connections older than the recorder."""
        return self.fact(lambda e: of(e.past) if e.past is not None else None)

    def column(self, of: Callable[[KernelEvent], int | None]) -> Column:
        """A number of each event, -1 where there is none."""
        values = [None if event is None else of(event) for event in self.events]
        return np.array([-1 if v is None else v for v in values], dtype=np.int64)

    @cached_property
    def rival(self) -> Fact:
        """The same process had begun another connection within 300 ms, to the same port over the other IP version or to
        another port of the same host, and it is open (RFC 8305)."""

        def races(event: KernelEvent) -> bool | None:
            if event.past is None or event.ends is None:
                return None
            if event.rival is None:
                return False
            (host, port), (other, there) = (e.remote.rsplit(":", 1) for e in (event.ends, event.rival.ends))
            return (
                (host == other) != (port == there)
                and (port == there or host == other)
                and (host == other or (":" in host) != (":" in other))
            )

        return self.when_sent(races)

    def _mask(self, of: Callable[[KernelEvent], bool]) -> Mask:
        return np.array([event is not None and of(event) for event in self.events], dtype=bool)

    def reason(self, *names: str) -> Fact:
        """The reset was sent for one of these reasons (enum sk_rst_reason)."""
        return _fact([None if told is None else told in names for told in self._reasons])

    def through(self, *functions: str) -> Fact:
        """One of these functions is on the stack; unknown for what this host did not send itself."""
        return _fact([not names.isdisjoint(functions) if names else None for names in self._functions])

    def when_sent(self, of: Callable[[KernelEvent], bool | None]) -> Fact:
        """A fact about resets that this host's TCP sent; unknown for others."""
        return self.fact(lambda e: of(e) if e.kind == "sent" else None)

    @cached_property
    def no_socket(self) -> Fact:
        """The stack found no socket for the segment, not even a listening one."""
        return self.reason("NO_SOCKET")

    @cached_property
    def nobody(self) -> Fact:
        """No connection was found for the segment: no socket, or only one that listens (tcp_rcv_state_process refuses
        an ACK there)."""
        return self.reason("NO_SOCKET", "TCP_FLAGS")

    def asked_by(self, wanted: int, among: int) -> Fact:
        """The segment that asked for it has exactly these flags among some; unknown without a segment.

        Args:
            wanted: flags that are set.
            among: flags that are looked at.
        """
        return _fact([None if flags is None else flags & among == wanted for flags in self._flags])

    @cached_property
    def on_record(self) -> Fact:
        """The flight recorder knows a connection with these addresses; unknown for what this host did not send."""
        return self.when_sent(lambda e: e.past is not None)

    @cached_property
    def given_up(self) -> Fact:
        """A program of this host had asked for the connection and given up before it was open."""
        return self.past(lambda p: p.ended is not None and p.before == "SYN_SENT")

    @cached_property
    def timed_out(self) -> Fact:
        """The socket had ended because nobody answered: ETIMEDOUT, or what ICMP had said (tcp_write_err)."""
        return self.past(
            lambda p: p.ended is not None and p.error in UNANSWERED and p.before != "SYN_SENT" and p.reset is None
        )

    @cached_property
    def heard_meanwhile(self) -> Fact:
        """The other end was heard after the segment that is being repeated was first repeated, or now."""

        def heard(event: KernelEvent) -> bool | None:
            past, numbers = event.past, event.numbers
            if past is None or past.repeating is None:
                return None
            if event.trigger:
                return True
            if numbers is None or event.state == "LISTEN":
                return None
            ago = min(numbers.heard_ago or 0.0, numbers.received_ago or float("inf"))
            return event.time - ago * SECOND > past.repeating

        return self.when_sent(heard)

    @cached_property
    def small_only(self) -> Fact:
        """All that was ever acknowledged is less than the segment that was repeated last."""

        def small(event: KernelEvent) -> bool | None:
            if event.past is None:
                return None
            acked = event.numbers.bytes_acked if event.numbers is not None else event.past.bytes_acked
            return acked <= event.past.repeat_length

        return self.when_sent(small)

    @cached_property
    def lived(self) -> Column:
        """Nanoseconds from the beginning of the connection to its close by a program, or to now; 0 if unknown."""

        def span(event: KernelEvent) -> int | None:
            past = event.past
            return (past.left or event.time) - past.opened if past is not None else 0

        return np.maximum(self.column(span), 0)

    @cached_property
    def listening(self) -> Fact:
        """Some socket of this namespace listens on the local port; unknown when the recorder saw none begin or end."""
        return self.fact(lambda e: e.listener.open > 0 if e.listener is not None else None)

    @cached_property
    def listener_gone(self) -> Column:
        """Nanoseconds since the last socket that listened on the local port was closed; -1 when one listens, or when
        none is on record."""

        def since(event: KernelEvent) -> int | None:
            listener = event.listener
            if listener is None or listener.open or listener.closed is None:
                return None
            return max(event.time - listener.closed, 0)

        return self.column(since)

    @cached_property
    def listener_killed(self) -> Fact:
        """The process that listened on the local port was killed or crashed; unknown when it is not on record."""
        return self.fact(lambda e: _violent(e.listener.ending) if e.listener is not None else None)

    @cached_property
    def killed(self) -> Fact:
        """The process whose socket it was is being killed or crashes: the kernel closes what it leaves behind."""
        return self.when_sent(lambda e: e.in_process and _violent(e.ending))

    @cached_property
    def exiting(self) -> Fact:
        """The process whose socket it was is ending, for whatever reason."""
        return self.when_sent(lambda e: e.in_process and e.ending is not None)

    @cached_property
    def by_close(self) -> Fact:
        """close(), or the end of the process, sent it (net/ipv4/tcp.c, __tcp_close)."""
        return self.through("__tcp_close") & ~self.through("inet_csk_listen_stop")

    @cached_property
    def way_known(self) -> Fact:
        """The kernel tells how a socket came to abort itself."""
        return self.fact(lambda e: e.active and (reason(e) not in {None, "TCP_STATE"} or bool(e.stack)))

    def state(self, *names: str) -> Fact:
        """The socket's state before was one of these (include/net/tcp_states.h)."""
        return self.fact(lambda e: None if e.state == "UNKNOWN" else e.state in names)

    def before(self, *names: str) -> Fact:
        """A socket of this connection had gone from one of these states."""
        return self.past(lambda p: p.before in names if p.ended is not None else False)

    def error(self, *errnos: int) -> Fact:
        """A socket of this connection had ended with one of these errors (sk_err)."""
        return self.past(lambda p: p.error in errnos if p.ended is not None else False)

    @cached_property
    def closed_for(self) -> Column:
        """Nanoseconds since a process closed the connection or, without that, its socket was gone; -1 if unknown."""

        def since(event: KernelEvent) -> int | None:
            past = event.past
            when = (past.left or past.ended) if past is not None else None
            return event.time - when if when is not None else None

        return self.column(since)

    @cached_property
    def foreign_socket(self) -> Fact:
        """The segment was given to the socket of another connection: its addresses are not the socket's."""

        def differs(event: KernelEvent) -> bool | None:
            if event.socket is None or event.packet is None or event.state == "LISTEN":
                return None
            return event.socket != event.packet

        return self.fact(differs)


def _fact(values: list[bool | None]) -> Fact:
    """A fact from plain values; None is unknown."""
    return Fact(np.array([0 if v is None else 1 if v else -1 for v in values], dtype=np.int8))


def _violent(ending: int | None) -> bool:
    """A signal that nobody sends to stop a service in order."""
    return ending is not None and ending not in ORDERLY
