"""One reset as the kernel saw it: the value that leaves the probes, is recorded as NDJSON, and joins a verdict.

Times are nanoseconds since 1970. Where the kernel cannot tell, a field is None; nothing is filled in by guessing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Literal["sent", "received", "dropped", "unseen"]
SCHEMA = "whyrst.kernel-event/1"


class Task(Struct, frozen=True):
    """A process."""

    pid: int
    comm: str


class Ends(Struct, frozen=True):
    """Addresses of a connection from this host's view."""

    local: Annotated[str, Meta(description="ip:port, [ip]:port for IPv6")]
    remote: str

    @property
    def swapped(self) -> Ends:
        """The other end's view."""
        return Ends(self.remote, self.local)


class Numbers(Struct, frozen=True):
    """What a full socket knew (struct tcp_sock and its parts)."""

    snd_una: int
    snd_nxt: int
    write_seq: int
    rcv_nxt: int
    copied_seq: int
    rcv_wnd: Annotated[int, Meta(description="bytes offered")]
    window_shift: int
    timestamps: bool
    bytes_sent: int
    bytes_acked: int
    bytes_received: int
    sent_ago: Annotated[float | None, Meta(description="seconds since data was sent; null when nothing was")]
    received_ago: Annotated[float | None, Meta(description="seconds since data was received")]
    heard_ago: Annotated[float | None, Meta(description="seconds since any segment was received")]
    lingers: bool
    linger_time: Annotated[int, Meta(description="SO_LINGER's time, jiffies")]
    linger2: Annotated[int, Meta(description="TCP_LINGER2, seconds or -1; 0: the default")]
    keepalive: bool
    orphan: Annotated[bool, Meta(description="no process held it any more")]
    retransmits: Annotated[int, Meta(description="timeouts in a row without an answer")]
    retransmitted: Annotated[int, Meta(description="segments sent again in all")]
    probes: Annotated[int, Meta(description="keep-alive or window probes without an answer")]
    user_timeout: Annotated[int, Meta(description="TCP_USER_TIMEOUT, milliseconds")]
    backlog: Annotated[int, Meta(description="accept queue of a listener")]
    backlog_limit: int
    error: Annotated[int, Meta(description="sk_err")]
    shutdown: Annotated[int, Meta(description="1: reading was shut down, 2: writing")]
    srtt: Annotated[float, Meta(description="smoothed round-trip time, seconds")]
    mark: int
    uid: int
    snd_wnd: Annotated[int, Meta(description="bytes that the other end takes")] = 0
    requests: Annotated[int, Meta(description="of a listener: handshakes that are not complete")] = 0

    @property
    def unread(self) -> int:
        """Bytes that the program had not read: rcv_nxt - copied_seq, a FIN's number included."""
        return (self.rcv_nxt - self.copied_seq) & 0xFFFFFFFF

    @property
    def unacked(self) -> int:
        """Bytes sent and not acknowledged."""
        return (self.snd_nxt - self.snd_una) & 0xFFFFFFFF

    @property
    def unsent(self) -> int:
        """Bytes written and never sent."""
        return (self.write_seq - self.snd_nxt) & 0xFFFFFFFF


class Past(Struct, frozen=True):
    """What the flight recorder kept of a connection from this host's end."""

    opened: Annotated[
        int, Meta(description="SYN sent; on the accepting side the handshake's end; like the next two within a jiffy")
    ]
    established: int | None
    left: Annotated[int | None, Meta(description="when a process closed it or shut it down")]
    ended: Annotated[int | None, Meta(description="when the socket was gone; TIME_WAIT and FIN_WAIT2 may outlive it")]
    passive: Annotated[bool, Meta(description="accepted, not opened")]
    opener: Task | None
    acceptor: Task | None
    leaver: Task | None
    before: Annotated[str | None, Meta(description="the state from which the socket went")]
    snd_nxt: Annotated[int, Meta(description="its next sequence number at the end")]
    rcv_nxt: int
    bytes_acked: int
    bytes_received: int
    error: Annotated[int, Meta(description="sk_err at the end: 110 timed out, 104 reset, 32 broken pipe")]
    repeats: Annotated[int, Meta(description="segments sent again")]
    repeated: Annotated[int | None, Meta(description="when for the last time")]
    reset: Annotated[int | None, Meta(description="latest reset before this one")]
    reset_sent: Annotated[bool, Meta(description="whether that one was sent, not taken")]
    reset_reason: str | None
    cpu: Annotated[int, Meta(description="CPU on which it was established")]
    ending: Annotated[
        int | None, Meta(description="null: the leaver lived on; 0: it was ending by itself; else the signal")
    ] = None
    user_timeout: Annotated[int, Meta(description="TCP_USER_TIMEOUT at the end, milliseconds")] = 0
    repeat_length: Annotated[int, Meta(description="payload bytes of the segment that was repeated last ...")] = 0
    row: Annotated[int, Meta(description="... and how often it was")] = 0
    repeating: Annotated[int | None, Meta(description="... since when")] = None
    heard_ago: Annotated[float | None, Meta(description="seconds from the last segment received to the end")] = None
    sent_ago: Annotated[
        float | None, Meta(description="seconds from the last data sent to `left`, without that to the end")
    ] = None
    received_ago: Annotated[float | None, Meta(description="the same of the last data received")] = None
    srtt: Annotated[float | None, Meta(description="smoothed round-trip time at the end, seconds")] = None


class Rival(Struct, frozen=True):
    """Another connection that the same process began within 300 ms of this one, and that was open at the reset."""

    opened: int
    established: int
    ends: Ends


class Listener(Struct, frozen=True):
    """What the flight recorder kept of listening sockets on the local port, whatever their address."""

    opened: Annotated[int | None, Meta(description="latest listen(); null: before the recorder")]
    closed: Annotated[int | None, Meta(description="when the latest one was closed")]
    open: Annotated[int, Meta(description="how many listen now, as far as known")]
    task: Annotated[Task | None, Meta(description="who did the latter of both")]
    ending: Annotated[int | None, Meta(description="null: that process lived on; 0: it was ending; else the signal")]


class Reject(Struct, frozen=True):
    """A rule of this host's packet filter that answers with a TCP reset."""

    rule: Annotated[str, Meta(description="where it stands and what it says")]
    rise: Annotated[int | None, Meta(description="how far its counter rose then; null: it has none")]

    def __str__(self) -> str:
        return f"{self.rule} ({'it has no counter' if self.rise is None else f'counter +{self.rise}'})"


class KernelEvent(Struct, frozen=True):
    """One reset: sent, received, dropped on arrival, or seen leaving without any event (unseen)."""

    schema: str
    kind: Kind
    time: int
    netns: int
    cpu: int
    reason: Annotated[str | None, Meta(description="name from sk_rst_reason or skb_drop_reason; null before 6.10")]
    probed: Annotated[bool, Meta(description="a kprobe saw it: the kernel gives no reason")]
    state: Annotated[str, Meta(description="the socket's state before, RFC 9293 name as Linux writes it; UNKNOWN")]
    substate: Annotated[str | None, Meta(description="what a TIME_WAIT mini socket stands for")]
    socket: Ends | None
    packet: Annotated[Ends | None, Meta(description="the trigger's addresses; they differ from the socket's in bugs")]
    trigger: Annotated[
        bytes,
        Meta(
            description="first bytes, from its IP header on, of the segment that asked for the reset; of the reset "
            "itself when it was dropped or unseen"
        ),
    ]
    numbers: Numbers | None
    past: Past | None
    in_process: Annotated[bool, Meta(description="a system call sent it: `task` is who acted")]
    task: Annotated[Task, Meta(description="whom the kernel served or interrupted")]
    uid: int
    cookie: int
    cgroup: int
    inode: int
    stack: tuple[str, ...]
    user_stack: tuple[str, ...]
    kernel: Annotated[str, Meta(description="uname -r")]
    owner: Annotated[Task | None, Meta(description="the process that held the socket, as far as known")] = None
    ending: Annotated[
        int | None, Meta(description="of `task`: null: it lives on; 0: it is ending by itself; else the signal")
    ] = None
    listener: Annotated[Listener | None, Meta(description="on the local port, now or before")] = None
    rival: Annotated[Rival | None, Meta(description="the connection that won when this one lost a race")] = None
    twins: Annotated[
        tuple[Ends, ...] | None, Meta(description="open connections of the local port; null: nobody looked")
    ] = None
    container: Annotated[str | None, Meta(description="container id, from the cgroup")] = None
    rejects: Annotated[
        tuple[Reject, ...], Meta(description="rules that may have made an unseen one: they rose, or have no counter")
    ] = ()

    @property
    def ends(self) -> Ends | None:
        """The connection's addresses: of the socket, or of the segment where there is none or a listener."""
        if self.socket is not None and self.state != "LISTEN":
            return self.socket
        return self.packet or self.socket

    @property
    def still_open(self) -> bool | None:
        """The connection for which no socket was found is open; None when that is not known: what was open a moment ago
        may be gone when somebody looks."""
        return True if self.twins and self.packet in self.twins else None

    @property
    def active(self) -> bool:
        """A socket aborted itself: no segment asked for it."""
        return self.kind == "sent" and not self.trigger

    @property
    def process(self) -> Task | None:
        """Whose socket it was, as far as known: its owner, who acted, or who last had the connection."""
        if self.owner is not None:
            return self.owner
        if self.in_process:
            return self.task
        past = self.past
        return (past.leaver or past.acceptor or past.opener) if past is not None else None
