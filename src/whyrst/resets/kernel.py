"""What the kernel that sent or received a reset said: kinds, the socket's bytes, and the part of the verdict."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from whyrst.kernel.derive import reason
from whyrst.model import Kernel, Process
from whyrst.resets.kernel_records import KernelRecords
from whyrst.resets.kernel_words import SAYS, function

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.kernel.event import KernelEvent, Numbers
    from whyrst.resets.facts import Column, Mask

FIN_TAKEN = frozenset({"CLOSE_WAIT", "CLOSING", "LAST_ACK"})
"""States in which the other end's FIN was received; it has a sequence number."""
FIN_OUT = frozenset({"FIN_WAIT1", "CLOSING", "LAST_ACK"})
"""States in which this end's FIN is written and not acknowledged."""
NUMBERS = (
    "bytes_sent", "bytes_acked", "bytes_received", "lingers", "linger_time", "linger2", "retransmits", "probes",
    "user_timeout", "backlog", "backlog_limit", "error", "mark", "uid",
)  # fmt: skip
"""Numbers of the socket that a verdict shows."""


class KernelFacts(KernelRecords):
    """Facts of the kernel events of a batch."""

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

    def says(self, i: int, what: str) -> str:
        """A field of a sentence: reason, function, task, owner, closed, queue, unread, numbers of reset i."""
        if what == "losses":
            return self.losses(i) or "nothing"
        event = self.events[i]
        return SAYS[what](event) if event is not None else "?"

    def told(self, i: int) -> Kernel | None:
        """The kernel's part of the verdict of reset i."""
        event = self.own[i]
        if event is None:
            return None
        owner = event.owner or (event.task if event.in_process else None)
        socket: dict[str, int | str] = {"state": event.state, "netns": event.netns, "kind": event.kind}
        if event.container is not None:
            socket["container"] = event.container
        sender = self.events[i]
        if sender is not event and sender is not None:
            by = sender.process
            socket["sent_by"] = f"{by.comm}[{by.pid}]" if by is not None else "the TCP stack of this host"
        known = (("cookie", event.cookie), ("cgroup", event.cgroup), ("inode", event.inode))
        socket |= {name: value for name, value in known if value}
        if event.numbers is not None:
            n = event.numbers
            socket |= {"unread": n.unread, "unacked": n.unacked, "unsent": n.unsent} if event.state != "LISTEN" else {}
            socket |= {name: int(getattr(n, name)) for name in NUMBERS}
        return Kernel(
            reason=reason(event) if event.kind == "sent" else event.reason,
            function=function(event),
            stack=event.stack,
            process=Process(owner.pid, owner.comm) if owner is not None else None,
            socket=socket,
            kernel_version=event.kernel,
        )
