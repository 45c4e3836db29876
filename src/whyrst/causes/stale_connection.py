"""The server still holds an old connection with the same ports.

## What happened
The client's machine lost the old connection without a word: it crashed, lost power, was restored from a snapshot, or
a NAT forgot the entry and gave the same port to somebody else. The server, with nothing to send, never noticed. Now a
new SYN comes with the same addresses and ports. The server does not believe it and sends a challenge ACK with the
numbers of the old connection (RFC 5961). The client knows no such connection and resets it, which clears the server.
Its repeated SYN then succeeds.

## How to be sure
- The SYN is answered by a bare ACK whose numbers belong to another connection.
- The client's reset has that acknowledgement number as its sequence number, and the SYN follows again after 10 ms
  (Linux) to 3 s.
- The old connection, if it was captured, has no FIN: it just fell silent.
- On the server, `nstat TcpExtTCPSYNChallenge` rises, and the old connection shows in `ss -tn` with a long idle time.

## Easily confused with
- `time-wait-reuse`: the old connection had been closed in the usual way, and is in TIME_WAIT.

## Fix
Turn keepalive on at the server, with an idle time shorter than that of the NAT (`SO_KEEPALIVE`, `TCP_KEEPIDLE`), so
that dead connections are found before their ports are used again. Look for the crash or the NAT that lost them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, shows, supports
from whyrst.fast.layout import Flag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="stale-connection",
    title="The server still holds an old connection with the same ports",
    type="passive",
    fix="Turn keepalive on at the server, so that it finds dead connections before their ports are used again.",
    to_be_sure="On the server: `nstat -az TcpExtTCPSYNChallenge` rises, and `ss -tno` shows the old connection.",
    rfc=("RFC 5961 section 4", "RFC 9293 section 3.10.7.3", "RFC 9293 section 3.5.1"),
    kernel=(
        "net/ipv4/tcp_input.c: tcp_validate_incoming -> tcp_send_challenge_ack, SYN in an established connection",
        "net/ipv4/tcp_input.c: tcp_rcv_synsent_state_process, unacceptable ACK (the client's reset)",
    ),
    counter="TcpExtTCPSYNChallenge",
    reasons=("TCP_INVALID_ACK_SEQUENCE",),
    look_alikes=("time-wait-reuse",),
    lab="stale_connection",
)


def judge(r: Resets) -> Iterator[Sign]:
    """A challenge ACK answers the SYN, and the old connection was never closed."""
    opening = r.opening
    yield needed(
        opening.foreign,
        "the SYN was answered by a bare ACK of {foreign_ack} (frame {foreign_frame}), and the reset has that number",
        "the SYN was not answered by an ACK of another connection",
    )
    yield needed(opening.client_only_asked, "the client had sent only its SYN", "the client had sent more than its SYN")
    yield decides(
        opening.old_open & opening.old_number,
        "that number is the last of the earlier connection with the same ports, which nobody had closed",
        "no earlier connection that was left open has that number",
    )
    yield supports(
        ~opening.isn_not_above,
        "the SYN's number is above that of the old connection, so it was not one in TIME_WAIT",
        "the SYN's number is not above that of the old connection, as with one in TIME_WAIT",
    )
    yield hints(r.attempts.asks_again, "the client sent its SYN again")
    yield excludes(opening.old_closed, "the earlier connection with the same ports had been closed by both sides")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """In SYN_SENT an ACK without SYN came (net/ipv4/tcp_input.c, tcp_rcv_synsent_state_process): a challenge ACK of an
    older connection. TIME_WAIT would have taken a SYN above its numbers."""
    k = r.kernel
    assert k is not None
    foreign = k.reason("TCP_INVALID_ACK_SEQUENCE") & k.asked_by(Flag.ACK, Flag.SYN | Flag.ACK)
    yield shows(
        foreign & ~r.opening.isn_not_above,
        "a bare ACK with foreign numbers answered the SYN, whose own number is above them, which TIME_WAIT takes",
    )
    yield excludes(k.sent & ~foreign, "the kernel gives another reason: {kernel_reason}")
