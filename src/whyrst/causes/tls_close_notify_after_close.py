"""TLS said goodbye to a connection that was already closed.

## What happened
One end had sent all it had to send and closed its socket. The other end's TLS library then sent its own goodbye, the
alert close_notify (RFC 8446 section 6.1). That alert is data for TCP. No program was left to read it, so the kernel
answered with a reset. The application's bytes had all been delivered before; only the farewell was lost.

## How to be sure
- The sender of the reset had sent a FIN. What came afterwards is one TLS record of alert length: type 21 with at most
  31 bytes, or 24 bytes under TLS 1.3, where an alert looks like data.
- The answer before it is complete and acknowledged.
- The client's log shows a successful request. Libraries hide such a reset, because it comes after the last read.

## Easily confused with
- `data-after-close`: real data came, and it is lost.
- `connection-gone`: the FIN that follows the alert gets a reset of its own.
- `benign-teardown`: both sides had finished, and no alert was under way.

## Fix
None is needed. To avoid the noise in statistics, let the side that closes first wait for the peer's FIN after its own
`shutdown(SHUT_WR)`, or let its TLS library wait for the peer's close_notify.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, shows, supports
from whyrst.resets.mechanism import PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="tls-close-notify-after-close",
    title="TLS said goodbye to a connection that was already closed",
    type="passive",
    fix="None needed: the reset destroyed a farewell and nothing else.",
    to_be_sure="The client's log shows that the request succeeded; in Wireshark the answered record is an alert.",
    rfc=("RFC 8446 section 6.1", "RFC 9293 section 3.6.1"),
    kernel=(
        "net/ipv4/tcp_minisocks.c: tcp_timewait_state_process -> tcp_v4_send_reset, FIN_WAIT2 and data",
        "net/ipv4/tcp_input.c: tcp_rcv_state_process -> tcp_v4_send_reset, data after RCV_SHUTDOWN",
    ),
    counter="TCPAbortOnData",
    reasons=("TCP_TIMEWAIT_SOCKET", "TCP_ABORT_ON_DATA"),
    look_alikes=("data-after-close", "connection-gone", "benign-teardown"),
    benign=True,
    lab="tls_close_notify_late",
)


def judge(r: Resets) -> Iterator[Sign]:
    """A stack's answer, behind its own FIN, to a TLS record that can only be an alert."""
    trigger = r.trigger
    yield needed(r.mechanism.among(PASSIVE), "the {sender}'s stack answered a segment that it had no use for")
    yield needed(
        r.progress.sender_fin,
        "the {sender} had closed in frame {sender_fin_frame}",
        "the {sender} had not closed before",
    )
    yield needed(
        trigger.fact(trigger.stray_notify).where(~trigger.notify_perhaps),
        "what came behind the FIN is one TLS record of the length of an alert",
        "what came behind the FIN is no TLS alert",
    )
    yield decides(
        trigger.fact(trigger.stray_notify).where(~trigger.notify_perhaps),
        "the record has {stray_length} bytes; only an alert is so short",
    )
    yield supports(
        (r.progress.sender_bytes > 0) & (r.progress.sender_unacked == 0),
        "all {sender_bytes} bytes of the {sender} had been acknowledged",
        "the {sender}'s bytes had not all been acknowledged",
    )


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """The segment itself is at hand, with its first bytes; the socket had been closed (see `data-after-close`)."""
    k = r.kernel
    assert k is not None
    closed = k.passive & k.reason("TCP_ABORT_ON_DATA", "TCP_TIMEWAIT_SOCKET")
    yield supports(closed & r.trigger.stray_notify, "it came for a closed socket ({kernel_reason}): {kernel_closed}")
    perhaps = closed & r.trigger.notify_perhaps
    yield shows(
        perhaps, "what came for the closed socket is not at hand, but has the {stray_length} bytes of a TLS alert"
    )
    yield shows(perhaps & (r.progress.sender_unacked == 0), "all that the {sender} had sent was acknowledged")
    yield excludes(k.active, "a socket aborted itself")
