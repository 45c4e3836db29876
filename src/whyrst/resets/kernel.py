"""What the kernel that sent or received a reset said, as facts.

The kernel's reason is evidence, not the root cause: several causes share one reason, and only the functions on the
stack, the socket's numbers and what the flight recorder kept tell them apart. A fact is unknown where no event belongs
to the reset, or where this kernel does not tell.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.kernel.derive import reason
from whyrst.model import Kernel, Process
from whyrst.resets.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.kernel.event import KernelEvent, Numbers, Past, Task
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

    Events = tuple[KernelEvent | None, ...]


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
        return self.fact(lambda e: any(f in e.stack for f in functions) if e.stack and e.kind == "sent" else None)

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
        for name, value in (("cookie", event.cookie), ("cgroup", event.cgroup), ("inode", event.inode)):
            if value:
                socket[name] = value
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


NUMBERS = (
    "bytes_sent", "bytes_acked", "bytes_received", "lingers", "linger_time", "linger2", "retransmits", "probes",
    "user_timeout", "backlog", "backlog_limit", "error", "mark", "uid",
)  # fmt: skip
"""Numbers of the socket that a verdict shows."""


def _function(event: KernelEvent) -> str | None:
    """The function that sent it, as it stands on the stack."""
    known = ("tcp_send_active_reset", "tcp_v4_send_reset", "tcp_v6_send_reset", "tcp_reset")
    return next((f for f in event.stack for k in known if f.startswith(k)), None)


def _task(task: Task | None) -> str:
    return f"{task.comm}[{task.pid}]" if task is not None else "a process that is not on record"


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
