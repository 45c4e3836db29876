"""Data came for a connection that its receiver had already closed.

## What happened
One end had closed its socket: it sent a FIN, and no program was left to read. Then the other end sent more data. TCP
has nobody to give it to and must say so (RFC 9293 section 3.6.1, RFC 1122 section 4.2.2.13), so it answers each such
segment with a reset. The sender of the data loses it: its program gets ECONNRESET, or EPIPE on the next write.

Most often a client takes a connection from its pool that the server closed long ago, because nobody looked at the end
of input that the FIN had brought.

## How to be sure
- The sender of the reset had sent a FIN, and the data acknowledges that FIN: its kernel knew of the close before the
  program wrote. The sequence number of the reset is then that of the FIN plus one.
- If the data does not acknowledge the FIN, the two crossed on the way. The reset's number is then that of the FIN.
- There is one reset for each segment of data, all with the same number. That is normal and no sign of forgery.
- On Linux, the kernel reason is TCP_TIMEWAIT_SOCKET or TCP_ABORT_ON_DATA; `sudo whyrst trace` shows it, and who had
  closed the socket and when. `ss -tn state close-wait` on the other end shows connections whose end of input no
  program has noticed.

## Easily confused with
- `keep-alive-race`: an idle connection was closed just as the next request left, which does not acknowledge the FIN.
- `tls-close-notify-after-close`: the data is nothing but TLS's goodbye, and nothing is lost.
- `client-cancelled`: the client left while the answer was due or under way.
- `connection-gone`: the connection had ended completely, or by a reset, and what came was no new data.

## Fix
Let the writer notice the end of input before it writes: check a pooled connection before use, and drop it when it is
readable. Make the side that closes wait: `shutdown(SHUT_WR)`, read to the end, then `close`. Retry requests that may be
repeated safely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, hints, needed, refutes, supports
from whyrst.fast.tables import Conn, Dir
from whyrst.resets.facts import MINUTE, MS, Fact
from whyrst.resets.mechanism import PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="data-after-close",
    title="Data came for a connection that was already closed",
    type="passive",
    fix="Notice the end of input before reusing a connection; close with shutdown(SHUT_WR) and read to the end.",
    to_be_sure="On the writer: `ss -tn state close-wait` shows connections whose end of input was not noticed.",
    rfc=("RFC 9293 section 3.6.1", "RFC 1122 section 4.2.2.13", "RFC 9293 section 3.10.7.1"),
    kernel=(
        "net/ipv4/tcp_input.c: tcp_rcv_state_process -> tcp_v4_send_reset, data after RCV_SHUTDOWN",
        "net/ipv4/tcp_minisocks.c: tcp_timewait_state_process -> tcp_v4_send_reset, FIN_WAIT2 and data",
    ),
    counter="TCPAbortOnData",
    reasons=("TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET"),
    look_alikes=("keep-alive-race", "tls-close-notify-after-close", "client-cancelled", "connection-gone"),
    lab="data_after_close",
)


def judge(r: Resets) -> Iterator[Sign]:
    """A stack's answer to payload that came behind its own FIN.

    A socket that only shut down its sending direction goes on taking data, so the reset itself shows that the
    socket was closed for reading, too.
    """
    trigger, progress = r.trigger, r.progress
    hidden = progress.midstream | (r.conn(Conn.MISSING) > 0)
    over = progress.sender_fin_acked & progress.peer_fin & (r.peer(Dir.FIN_TIME) < trigger.time)
    leaving = r.by_client & ~over & (progress.answer_due | progress.answer_under_way)
    yield needed(r.mechanism.among(PASSIVE), "the {sender}'s stack answered a segment that it had no use for")
    yield needed(
        progress.sender_fin,
        "the {sender} had closed in frame {sender_fin_frame}",
        "the {sender} had not closed before",
    )
    yield needed(
        trigger.fact(trigger.stray_payload),
        "what it answers (frame {trigger_frame}) brought {stray_length} bytes of payload",
        "frame {trigger_frame}, which it answers, brought no payload",
    )
    yield decides(
        trigger.acks_fin,
        "frame {trigger_frame} acknowledges the FIN, so its sender's kernel knew of the close {after_fin} after it",
        "the payload does not acknowledge the FIN: they crossed on the way",
    )
    yield supports(
        trigger.acks_fin | (trigger.after_fin <= r.habits.round_trip + 2 * MS),
        "the payload acknowledges the FIN, or met it within a round trip",
        "the payload came {after_fin} after the FIN and does not acknowledge it",
    )
    yield hints(r.silences.since_sender_fin > 2 * r.habits.round_trip, "the FIN was sent {since_sender_fin} before")
    yield refutes(
        leaving & progress.midstream,
        "an answer seems to have been under way when the {sender} closed",
        "no answer seems to have been under way",
    )
    yield doubts(r.silences.since_sender_fin > MINUTE, "that was longer ago than a host remembers a closed connection")
    yield needed(
        ~Fact.of(leaving, ~(r.by_client & hidden) | (leaving & ~progress.midstream)),
        "no client had closed while an answer was due or under way",
        "the client had closed while an answer was due or under way",
    )
    yield needed(
        ~trigger.fact(trigger.stray_notify | trigger.notify_perhaps).where(~trigger.notify_perhaps),
        "the payload is more than a TLS alert",
        "the payload is no more than a TLS alert",
    )
    yield excludes(over, "both sides had closed before frame {trigger_frame}")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """Data met a closed socket: TCP_ABORT_ON_DATA while its FIN is not acknowledged, TCP_TIMEWAIT_SOCKET afterwards, in
    FIN_WAIT2 (net/ipv4/tcp_minisocks.c, tcp_timewait_state_process)."""
    k = r.kernel
    assert k is not None
    closed = k.passive & k.reason("TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET")
    yield supports(closed & r.trigger.has_payload, "data came for a closed socket ({kernel_reason}): {kernel_closed}")
    yield excludes(k.active, "a socket aborted itself")
    yield refutes(r.trigger.notify_perhaps, "it has the {stray_length} bytes of a TLS alert")
    yield refutes(
        k.no_socket, "no socket was left at all, not even one in FIN_WAIT2 or TIME_WAIT", "a closed socket was left"
    )
