"""A program ended the connection by reset.

## What happened
A socket that was alive and working was aborted by its own side. The kernel sent `RST, ACK` at once, threw away what
was still to be sent, and the peer's next read failed with ECONNRESET ("connection reset by peer"). Several things
make a kernel do that, and on the wire they look the same: the program closed while received bytes were unread, it had
set SO_LINGER to zero, it disconnected the socket, it was killed, or an administrator destroyed the socket.

This is the honest answer when nothing in the capture separates them. The runners-up of the verdict say which of them
remain.

## How to be sure
On a Linux sender of the reset, compare counters before and after (`nstat -az | grep -i abort`):

- TCPAbortOnClose rises: bytes were unread (`close-with-unread-data`).
- TCPAbortOnData rises: SO_LINGER with zero timeout (`linger-zero`).
- Neither rises: `socket-disconnect` or `admin-kill`; the kernel's stack of the reset (`sudo whyrst trace
  --stack` on the host that sends it) names the path.

On Windows the reset carries window 0 even though it is active, and no counter tells. There `closesocket` after
unread data, a hard close and a terminated process all look alike; trace with
`netsh trace start provider=Microsoft-Windows-TCPIP`.

## Easily confused with
- `close-with-unread-data`: the window of the reset jumps up, or a buffer was full, when bytes were thrown away unread.
- `linger-zero`: every connection of that program ends by reset after a complete exchange, none by FIN.
- `socket-disconnect`, `admin-kill`: only the kernel's stack tells them.
- `process-crash`: many connections of one service end in the same instant, and it is gone afterwards.

## Fix
Find the program that owned the socket and what it did just before: an error path, a timeout, a cancelled task. Let it
close in order: read to the end of the input, `shutdown(SHUT_WR)`, wait for the peer's FIN, then `close`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import doubts, excludes, hints, needed, refutes, supports
from whyrst.fast.tables import Dir
from whyrst.resets.facts import Fact
from whyrst.resets.mechanism import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="application-abort",
    title="A program ended the connection by reset",
    type="active",
    fix="Find the program that owned the socket; let it read to the end and shut down before close.",
    to_be_sure=(
        "On the host that sent the reset: `sudo whyrst trace`, which names the process and the call; or "
        "`nstat -az | grep -i abort` before and after."
    ),
    rfc=("RFC 9293 section 3.10.5", "RFC 9293 section 3.6.1"),
    kernel=(
        "net/ipv4/tcp.c: __tcp_close -> tcp_send_active_reset, unread data",
        "net/ipv4/tcp.c: tcp_disconnect -> tcp_send_active_reset, tcp_need_reset",
    ),
    counter="TCPAbortOnClose or TCPAbortOnData",
    reasons=("TCP_ABORT_ON_CLOSE", "TCP_STATE"),
    look_alikes=("close-with-unread-data", "linger-zero", "socket-disconnect", "admin-kill", "process-crash"),
    no_lab="a general name: the scenarios of the causes that it stands for (close_unread, ss_kill, ...) accept it",
)


def judge(r: Resets) -> Iterator[Sign]:
    """An active reset of a connection in use; whatever has a more exact name speaks against this general one.

    A system's own timers end a connection only when acknowledgements fail to come, and answers to the probes of a
    closed window are such (RFC 9293 section 3.8.6.1).
    """
    kept_waiting = r.stalls.peer_window_shut & (r.peer(Dir.ZERO_ACKS) > 0)
    idle = (r.stalls.sender_repeats == 0) & ((r.stalls.sender_probes == 0) | kept_waiting)
    yield needed(r.mechanism.among(ACTIVE), "a socket of the {sender} that was still alive sent the reset")
    unheard = r.progress.peer_silent
    talked = unheard & (r.progress.sender_bytes > 0)  # it carried payload, as only an established connection does
    yield needed(Fact.of(r.progress.synchronized | talked, ~unheard | talked), "the connection was established")
    yield supports(
        Fact.of(r.progress.seq_is_next & idle, ~r.progress.one_sided),
        "it has the {sender}'s next sequence number, and no acknowledgement was overdue",
        "the {sender} was waiting for an acknowledgement or repeated itself when it sent the reset",
    )
    yield hints(
        r.habits.ttl_same & (r.habits.id_continues | ~r.habits.timestamps_break),
        "TTL {ttl} and the counters of the reset continue the {sender}'s other packets",
    )
    yield doubts(r.progress.no_payload, "neither side had sent a byte")
    settled = (r.progress.sender_unacked == 0) & (r.progress.peer_unacked == 0)
    yield doubts(
        # Linux answers a close with a FIN when all was read; other systems often reset then, out of habit.
        r.progress.knew_peer_fin & settled & r.habits.linux.no,
        "the {peer} had closed in frame {peer_fin_frame} and nothing was outstanding, so little was left to abort",
        "the connection was still in use",
    )
    yield refutes(
        r.stalls.window_jumps.yes | r.stalls.sender_window_shut,
        "its window tells that bytes were thrown away unread",
        "no window tells of unread bytes",
    )
    yield refutes(
        r.by_server & (r.neighbours.burst_then_refused | r.neighbours.dropped_in_wait),
        "{burst_size} connections of the service ended in the same instant, and it refused from then on, or had served"
        " none of them",
        "the service did not end with it",
    )
    foreign = Fact.of(r.habits.ttl_same.no & ~r.opening.proxy_syn_ack, r.habits.ttl_same.known)
    yield refutes(
        foreign | r.habits.timestamps_missing.yes,
        "its TTL {ttl}, or that it lacks timestamps, is unlike the {sender}'s other packets",
        "its TTL {ttl} is that of the {sender}'s other packets",
    )
    yield refutes(r.declared.any, "the reset itself declares another reason: {told}", "the reset declares no reason")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A program's own call sent it; where the kernel tells which, a more exact cause has that name."""
    k = r.kernel
    assert k is not None
    yield supports(k.active & k.fact(lambda e: e.in_process), "{kernel_task} ended it by a system call")
    yield refutes(k.way_known, "the kernel tells how it came about: {kernel_reason}")
    yield excludes(k.passive | k.unseen, "no socket aborted itself", "a socket may have aborted itself")
