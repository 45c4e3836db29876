"""The program closed its socket while received bytes were unread.

## What happened
Bytes had arrived and were acknowledged by the kernel, but the program never read them. Then it called `close`, or it
ended. A FIN would tell the peer that all went well, so TCP must send a reset instead (RFC 9293 section 3.6.1,
RFC 2525 section 2.17). What the program had written last is often lost with it, because the reset makes the peer throw
away what it has not read yet: a client sees "connection reset" instead of the error message that the server sent.

Typical cases: a server answers 413, 401 or 503 before it has read the whole body of an upload; a proxy whose upstream
failed; a client that stops after the part of the answer it wanted; a TLS client that does not read session tickets.

## How to be sure
- On Linux, `nstat -az TcpExtTCPAbortOnClose` on the sender of the reset rises by one. `sudo whyrst trace`
  shows the kernel's reason TCP_ABORT_ON_CLOSE, the process, and how many bytes it left. This settles it.
- In the capture, the window of the reset jumps: Linux empties the receive queue before it writes the reset, so a window
  that had shrunk is suddenly at least twice as large although no window update came.
- The window of the sender was shut or stood still: its program was not reading.
- The peer was in the middle of a request when the answer came.

## Easily confused with
- `linger-zero`: all bytes had been read, and SO_LINGER made `close` a reset. TCPAbortOnData rises instead.
- `application-abort`: the general name, used when no window and no counter tells which it was.
- `process-crash`: the program did not close but died; then its other connections end in the same instant.
- `zero-window-giveup`: there it is the peer of the one that does not read which gives up.

## Fix
Read the input to its end before closing. A server that rejects a request early should send the answer, call
`shutdown(SHUT_WR)`, and read and drop what still comes for a few seconds (nginx calls this `lingering_close`). Raise
the limit that made the server reject the body, or let clients ask first with `Expect: 100-continue`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, refutes, shows, supports
from whyrst.fast.layout import Kind, Seg
from whyrst.fast.tables import Dir
from whyrst.resets.facts import Fact
from whyrst.resets.mechanism import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="close-with-unread-data",
    title="The program closed its socket while received bytes were unread",
    type="active",
    fix="Read the input to its end before closing; when rejecting early, answer, shutdown(SHUT_WR), and drain.",
    to_be_sure="On the host that sent the reset: `sudo whyrst trace`; or `nstat -az TcpExtTCPAbortOnClose` twice.",
    rfc=("RFC 9293 section 3.6.1", "RFC 2525 section 2.17", "RFC 1122 section 4.2.2.13"),
    kernel=("net/ipv4/tcp.c: __tcp_close -> tcp_send_active_reset, data_was_unread",),
    counter="TCPAbortOnClose",
    reasons=("TCP_ABORT_ON_CLOSE",),
    look_alikes=("linger-zero", "application-abort", "process-crash", "zero-window-giveup"),
    lab="close_unread",
)

LARGE = 2 * 1460
"""Two full segments: less may stand in the buffer just because the last acknowledgement came before the read."""
FIRST_ERROR = 400
"""HTTP statuses from here on are errors (RFC 9110 section 15)."""


def judge(r: Resets) -> Iterator[Sign]:
    """An active reset whose sender had bytes in its receive buffer.

    The window tells how full that buffer was. A window that jumps up in the reset shows that the kernel freed what
    nobody had read; one that is shut to the end shows it, too, because reading would have opened it.
    """
    shut = r.stalls.sender_window_shut
    linux_half = r.progress.knew_peer_fin & ~r.progress.sender_fin & r.habits.linux.yes
    early = r.by_server & (r.sender(Dir.STATUS) >= FIRST_ERROR) & (r.peer(Dir.SEGMENTS) > r.peer(Dir.REQUESTS) + 1)
    went_on = early & (r.peer(Dir.DATA_TIME) > r.sender(Dir.DATA_TIME)) & (r.peer(Dir.LAST_KIND) == Kind.OTHER)
    only_now = r.progress.ack_is_received & (r.sender(Dir.ACK_SENT) >= 0) & (r.sender(Dir.ACK_SENT) != r.seg(Seg.ACK))
    yield needed(r.mechanism.among(ACTIVE), "a socket of the {sender} that was still alive sent the reset")
    yield needed(r.progress.synchronized, "the connection was established")
    yield needed(
        Fact.of(
            r.progress.peer_bytes > 0, (r.progress.peer_bytes > 0) | ~(r.progress.midstream | r.progress.one_sided)
        ),
        "the {peer} had sent {peer_bytes} bytes, which may have been unread",
        "the {peer} had sent nothing that could be unread",
    )
    yield decides(
        Fact.of(shut, shut | r.stalls.window_jumps.known) | r.stalls.window_jumps,
        "bytes were thrown away unread: the {sender}'s last window was {last_window} of {window_max}, the reset's is "
        "{window}, and no window update lies between",
        "the window of the reset ({window}, before it {last_window}) does not jump, so no large amount was unread",
    )
    yield supports(
        r.progress.unread >= LARGE,
        "the right edge of the window stood still over {unread} bytes that the {sender} acknowledged and did not read",
        "no window shows that the {sender}'s program had stopped reading",
    )
    yield supports(
        early,
        "the {sender} answered {status} while the {peer} was still sending its request",
        "no error answer cut a request short",
    )
    yield decides(
        went_on,
        "the rest of that request was still coming after the answer {status}, and a program that has answered stops"
        " reading",
        "no part of a request came after an error answer",
    )
    yield hints(linux_half, "the {peer} had closed, and a Linux close without unread bytes would have sent a FIN")
    yield hints(only_now, "the latest bytes of the {peer} are acknowledged by the reset only")
    yield refutes(r.mechanism.foreign_ttl, "the TTL {ttl} is not the {sender}'s", "the TTL is the {sender}'s")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """__tcp_close (net/ipv4/tcp.c) finds bytes behind copied_seq in the receive queue: TCP_ABORT_ON_CLOSE."""
    k = r.kernel
    assert k is not None
    unread = k.active & k.reason("TCP_ABORT_ON_CLOSE") & ~k.through("mptcp_do_fastclose")
    yield shows(unread, "{kernel_task} closed the socket with {kernel_unread} bytes unread: {kernel_reason}")
    # Without names of functions (kptr_restrict), the reason and the numbers still say so.
    nameless = k.active & k.reason("TCP_ABORT_ON_CLOSE") & k.fact(lambda e: not e.stack) & (k.unread > 0)
    yield shows(nameless, "a socket was closed with {kernel_unread} bytes unread: {kernel_reason}")
    yield excludes(~unread & k.way_known, "the kernel gives another reason: {kernel_reason}")
