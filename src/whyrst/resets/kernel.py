"""What the kernel that sent or received a reset said, as facts.

The kernel's reason is evidence, not the root cause: several causes share one reason, and only the functions on the
stack, the socket's numbers and what the flight recorder kept tell them apart. A fact is unknown where no event belongs
to the reset, or where this kernel does not tell.
"""

from __future__ import annotations

from errno import EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, errorcode
from functools import cached_property
from signal import Signals
from typing import TYPE_CHECKING

import numpy as np

from whyrst.kernel.bugs import EARLY_DEMUX, EHASH_RACE, says
from whyrst.kernel.derive import flags_of, reason
from whyrst.model import Kernel, Process
from whyrst.resets.facts import SECOND, Fact

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.kernel.event import KernelEvent, Numbers, Past, Task
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

    Events = tuple[KernelEvent | None, ...]


ORDERLY = frozenset({0, 1, 2, 3, 15})
"""How a process ends in order: by itself, or by SIGHUP, SIGINT, SIGQUIT, SIGTERM."""
UNANSWERED = frozenset({ETIMEDOUT, EHOSTUNREACH, ENETUNREACH})
FIN_TAKEN = frozenset({"CLOSE_WAIT", "CLOSING", "LAST_ACK"})
"""States in which the other end's FIN was received; it has a sequence number."""
FIN_OUT = frozenset({"FIN_WAIT1", "CLOSING", "LAST_ACK"})
"""States in which this end's FIN is written and not acknowledged."""


class KernelFacts:
    """Kernel events of the resets of a batch, by index; None where there is none."""

    def __init__(self, resets: Resets, events: Events) -> None:
        self._r = resets
        self.events = events

    def fact(self, of: Callable[[KernelEvent], bool | None]) -> Fact:
        """A fact about each event; None is unknown."""
        values = [None if event is None else of(event) for event in self.events]
        return Fact(np.array([0 if v is None else 1 if v else -1 for v in values], dtype=np.int8))

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
    def told_any(self) -> Mask:
        """A kernel event belongs to it."""
        return self._mask(lambda _: True)

    @cached_property
    def numbered(self) -> Mask:
        """A full socket told its numbers."""
        return self._mask(lambda e: e.numbers is not None and e.state != "LISTEN")

    def _bytes(self, of: Callable[[KernelEvent, Numbers], int]) -> Column:
        def count(event: KernelEvent) -> int | None:
            return of(event, event.numbers) if event.numbers is not None and event.state != "LISTEN" else 0

        return self.column(count)

    @cached_property
    def unread(self) -> Column:
        """Payload bytes that the socket had received and its program never read; 0 where nothing is known."""
        return self._bytes(lambda e, n: n.unread - (n.unread > 0 and e.state in FIN_TAKEN))

    @cached_property
    def unacked(self) -> Column:
        """Payload bytes that the socket had sent and nobody acknowledged; 0 where nothing is known."""
        return self._bytes(lambda e, n: n.unacked - (n.unacked > 0 and e.state in FIN_OUT and n.unsent == 0))

    @cached_property
    def unsent(self) -> Column:
        """Payload bytes that the program had written and the socket never sent; 0 where nothing is known."""
        return self._bytes(lambda e, n: n.unsent - (n.unsent > 0 and e.state in FIN_OUT))

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

    def losses(self, i: int) -> str:
        """What went with the socket of reset i, in words; empty when nothing is known to."""
        unread = int(self.unread[i]) if self.active[i] else 0
        parts = (
            (unread, "received and never read"),
            (int(self.unacked[i]), "sent and not acknowledged"),
            (int(self.unsent[i]), "written and never sent"),
        )
        return ", ".join(f"{count:,} bytes {what}" for count, what in parts if count > 0)

    def _mask(self, of: Callable[[KernelEvent], bool]) -> Mask:
        return np.array([event is not None and of(event) for event in self.events], dtype=bool)

    @cached_property
    def sent(self) -> Mask:
        """This host's TCP stack sent it."""
        return self._mask(lambda e: e.kind == "sent")

    @cached_property
    def received(self) -> Mask:
        """A socket of this host took it."""
        return self._mask(lambda e: e.kind == "received")

    @cached_property
    def dropped(self) -> Mask:
        """It arrived here and nobody took it."""
        return self._mask(lambda e: e.kind == "dropped")

    @cached_property
    def unseen(self) -> Mask:
        """It left this host, and the TCP stack did not send it: a packet filter, XDP, a raw socket, another stack."""
        return self._mask(lambda e: e.kind == "unseen")

    @cached_property
    def active(self) -> Mask:
        """A socket of this host aborted itself."""
        return self._mask(lambda e: e.active)

    @cached_property
    def passive(self) -> Mask:
        """This host's stack answered a segment."""
        return self._mask(lambda e: e.kind == "sent" and not e.active)

    @cached_property
    def rejecting(self) -> Mask:
        """It was unseen, and a reject rule of this host's packet filter rose then."""
        return self._mask(lambda e: e.kind == "unseen" and any(rule.rise for rule in e.rejects))

    def reason(self, *names: str) -> Fact:
        """The reset was sent for one of these reasons (enum sk_rst_reason)."""
        return self.fact(lambda e: None if (told := reason(e)) is None or e.kind != "sent" else told in names)

    def through(self, *functions: str) -> Fact:
        """One of these functions is on the stack; unknown for what this host did not send itself."""

        def passed(event: KernelEvent) -> bool | None:
            # Compilers split functions: mptcp_do_fastclose.part.0.
            names = {name.partition(".")[0] for name in event.stack}
            return not names.isdisjoint(functions) if names and event.kind == "sent" else None

        return self.fact(passed)

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
        return self.when_sent(lambda e: None if not e.trigger else (flags_of(e.trigger) & among) == wanted)

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

    def says(self, i: int, what: str) -> str:
        """A field of a sentence: reason, function, task, owner, closed, queue, unread, numbers of reset i."""
        if what == "losses":
            return self.losses(i) or "nothing"
        event = self.events[i]
        return SAYS[what](event) if event is not None else "?"

    def told(self, i: int) -> Kernel | None:
        """The kernel's part of the verdict of reset i."""
        event = self.events[i]
        if event is None:
            return None
        owner = event.owner or (event.task if event.in_process else None)
        socket: dict[str, int | str] = {"state": event.state, "netns": event.netns, "kind": event.kind}
        if event.container is not None:
            socket["container"] = event.container
        known = (("cookie", event.cookie), ("cgroup", event.cgroup), ("inode", event.inode))
        socket |= {name: value for name, value in known if value}
        if event.numbers is not None:
            n = event.numbers
            socket |= {"unread": n.unread, "unacked": n.unacked, "unsent": n.unsent} if event.state != "LISTEN" else {}
            socket |= {name: int(getattr(n, name)) for name in NUMBERS}
        return Kernel(
            reason=reason(event) if event.kind == "sent" else event.reason,
            function=_function(event),
            stack=event.stack,
            process=Process(owner.pid, owner.comm) if owner is not None else None,
            socket=socket,
            kernel_version=event.kernel,
        )


SHOWN = 3
"""Connections that a sentence names."""
NUMBERS = (
    "bytes_sent", "bytes_acked", "bytes_received", "lingers", "linger_time", "linger2", "retransmits", "probes",
    "user_timeout", "backlog", "backlog_limit", "error", "mark", "uid",
)  # fmt: skip
"""Numbers of the socket that a verdict shows."""


def _function(event: KernelEvent) -> str | None:
    """The function that sent it, as it stands on the stack."""
    known = ("tcp_send_active_reset", "tcp_v4_send_reset", "tcp_v6_send_reset", "tcp_reset")
    return next((f for f in event.stack for k in known if f.startswith(k)), None)


def _rival(event: KernelEvent) -> str:
    """The connection that won, in words."""
    rival, past = event.rival, event.past
    if rival is None or past is None:
        return "no other attempt of its process is on record"
    apart = f"{abs(rival.opened - past.opened) / SECOND * 1000:.0f} ms"
    return f"{_task(event.process)} had begun a connection to {rival.ends.remote} {apart} from this one, which is open"


def _violent(ending: int | None) -> bool:
    """A signal that nobody sends to stop a service in order."""
    return ending is not None and ending not in ORDERLY


def _ending(ending: int | None) -> str:
    if ending is None:
        return "lives on"
    return f"was killed by signal {ending} ({_signal(ending)})" if ending else "was ending by itself"


def _signal(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return "unknown"


def _listener(event: KernelEvent) -> str:
    """Who listened on the local port, in words."""
    listener = event.listener
    if listener is None:
        return "no listening socket on this port is on record"
    if listener.open:
        return f"{_task(listener.task)} listens on this port"
    ended = f", which {_ending(listener.ending)}" if listener.ending is not None else ""
    return f"{_task(listener.task)}{ended}, had closed the last socket listening there {_ago(event, listener.closed)}"


def _task(task: Task | None) -> str:
    return f"{task.comm}[{task.pid}]" if task is not None else "a process that is not on record"


def _error(number: int) -> str:
    return errorcode.get(number, str(number))


def _ago(event: KernelEvent, when: int | None) -> str:
    from whyrst.resets.text import duration

    return f"{duration(max(event.time - when, 0))} before" if when is not None else "at an unknown time"


def _closed(event: KernelEvent) -> str:
    """How the connection had ended on this host, in words."""
    past = event.past
    if past is None:
        return "no connection with these addresses is on record"
    if past.left is not None:
        text = f"{_task(past.leaver)} had closed it {_ago(event, past.left)}"
        return f"{text}, and its socket went from {past.before}" if past.ended is not None else text
    if past.ended is not None:
        return f"its socket had gone from {past.before} {_ago(event, past.ended)}"
    return f"{_task(past.acceptor or past.opener)} had it open"


SAYS: dict[str, Callable[[KernelEvent], str]] = {
    "reason": lambda e: reason(e) or "no reason",
    "function": lambda e: _function(e) or "an unknown function",
    "task": lambda e: _task(e.task),
    "owner": lambda e: _task(e.owner or (e.task if e.in_process else None)),
    "closed": _closed,
    "state": lambda e: e.state,
    "ending": lambda e: _ending(e.ending),
    "listener": _listener,
    "leaver": lambda e: _task((e.past.leaver if e.past is not None else None) or e.process),
    "unsent": lambda e: f"{e.numbers.unsent:,}" if e.numbers is not None else "unknown",
    "requests": lambda e: str(e.numbers.requests) if e.numbers is not None else "unknown",
    "repeats": lambda e: str(e.past.repeats) if e.past is not None else "unknown",
    "repeat_length": lambda e: f"{e.past.repeat_length:,}" if e.past is not None else "unknown",
    "row": lambda e: str(e.past.row) if e.past is not None else "unknown",
    "rival": _rival,
    "twins": lambda e: ", ".join(f"{t.local} - {t.remote}" for t in (e.twins or ())[:SHOWN]) or "none",
    "early_demux": lambda e: says(EARLY_DEMUX, e.kernel),
    "ehash_race": lambda e: says(EHASH_RACE, e.kernel),
    "listener_ending": lambda e: _ending(e.listener.ending) if e.listener is not None else "is not on record",
    "error": lambda e: _error(e.past.error) if e.past is not None else "unknown",
    "before": lambda e: (e.past.before if e.past is not None else None) or "an unknown state",
    "unread": lambda e: f"{e.numbers.unread:,}" if e.numbers is not None else "unknown",
    "unacked": lambda e: f"{e.numbers.unacked:,}" if e.numbers is not None else "unknown",
    "queue": lambda e: f"{e.numbers.backlog} of {e.numbers.backlog_limit}" if e.numbers is not None else "unknown",
    "probes": lambda e: str(e.numbers.probes) if e.numbers is not None else "unknown",
    "user_timeout": lambda e: f"{e.numbers.user_timeout / 1000:g} s" if e.numbers is not None else "unknown",
    "lifetime": lambda e: _ago(e, e.past.opened) if e.past is not None else "unknown",
    "socket": lambda e: f"{e.socket.local} - {e.socket.remote}" if e.socket is not None else "none",
    "packet": lambda e: f"{e.packet.local} - {e.packet.remote}" if e.packet is not None else "none",
    "rejects": lambda e: "; ".join(map(str, e.rejects)) or "no rule that rejects with a TCP reset is known",
    "reset_before": lambda e: _ago(e, e.past.reset) if e.past is not None else "unknown",
}
"""Fields of sentences about kernel events, written {kernel_NAME} in a judge."""
