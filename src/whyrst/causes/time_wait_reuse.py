"""The client reused a port pair that the server still holds in TIME_WAIT.

## What happened
A connection had been closed in the usual way, and the end that closed first keeps it in TIME_WAIT (60 s on Linux, up
to 4 minutes elsewhere). Then the client, or a NAT before it, used the same ports for a new connection, with an
initial sequence number that is not above the old ones. The server must take such a SYN for an old duplicate and
answers with the last ACK of the old connection. To the client this acknowledges something that it never sent; it
resets that number, which ends TIME_WAIT, and repeats its SYN.

The connection usually succeeds then, with a delay of 10 ms (Linux) to 3 s.

## How to be sure
- The SYN is answered by a bare ACK whose numbers belong to the old connection.
- The client's reset has that acknowledgement number as its sequence number, and the SYN follows again.
- The old connection, if it was captured, ended with FINs on both sides.
- On the server, `ss -tan state time-wait` shows the port pair; many such resets from one NAT address mean that it
  runs out of ports.

## Easily confused with
- `stale-connection`: the old connection was never closed; the server still believes in it.
- `bad-handshake-ack`: the SYN is answered by a SYN-ACK with a wrong number.

## Fix
Keep TCP timestamps on at both ends (they tell new from old), let the client's side use more ports or addresses (NAT
pools, `net.ipv4.ip_local_port_range`), or keep connections open longer instead of opening new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, refutes, shows, supports
from whyrst.fast.layout import Flag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="time-wait-reuse",
    title="Port pair reused while the server holds it in TIME_WAIT",
    type="passive",
    fix="Keep TCP timestamps on, give NATs and clients more ports, and reuse connections instead of opening new ones.",
    to_be_sure=(
        "On the server: `ss -tan state time-wait` shows the same port pair; look for a NAT that reuses ports quickly."
    ),
    rfc=("RFC 9293 section 3.10.7.3", "RFC 9293 section 3.10.7.4", "RFC 6191", "RFC 1337"),
    kernel=(
        "net/ipv4/tcp_minisocks.c: tcp_timewait_state_process -> TCP_TW_ACK, SYN not above the old numbers",
        "net/ipv4/tcp_input.c: tcp_rcv_synsent_state_process, unacceptable ACK (the client's reset)",
    ),
    counter="TcpOutRsts",
    reasons=("TCP_INVALID_ACK_SEQUENCE",),
    look_alikes=("stale-connection", "bad-handshake-ack"),
    lab="time_wait_reuse",
)


def judge(r: Resets) -> Iterator[Sign]:
    """A bare ACK with foreign numbers answers the SYN, and the old connection had been closed.

    A host in TIME_WAIT takes a SYN above the old numbers as a new connection (RFC 9293 section 3.10.7.4), so a SYN
    above them speaks for an established old one. Where the old connection was not captured, the two stay apart by
    that alone.
    """
    opening = r.opening
    yield needed(
        opening.foreign,
        "the SYN was answered by a bare ACK of {foreign_ack} (frame {foreign_frame}), and the reset has that number",
        "the SYN was not answered by an ACK of another connection",
    )
    yield needed(opening.client_only_asked, "the client had sent only its SYN", "the client had sent more than its SYN")
    yield decides(
        opening.old_closed & opening.old_number,
        "that number is the last of the earlier connection with the same ports, which both sides had closed",
        "no earlier connection that was closed has that number",
    )
    yield supports(
        opening.isn_not_above,
        "the SYN's number is not above that of the old connection",
        "the SYN's number is above that of the old connection, which TIME_WAIT would have let pass",
    )
    yield hints(r.attempts.asks_again, "the client sent its SYN again")
    yield refutes(
        ~opening.isn_not_above & ~opening.old_closed.yes, "the SYN's number is above that of the old connection"
    )
    yield excludes(opening.old_open, "the earlier connection with the same ports had not been closed by both sides")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """In SYN_SENT an ACK without SYN came (net/ipv4/tcp_input.c, tcp_rcv_synsent_state_process): the other end still
    knows an older connection. TIME_WAIT takes a SYN above its numbers (net/ipv4/tcp_minisocks.c), so it was below."""
    k = r.kernel
    assert k is not None
    foreign = k.reason("TCP_INVALID_ACK_SEQUENCE") & k.asked_by(Flag.ACK, Flag.SYN | Flag.ACK)
    yield shows(
        foreign & r.opening.isn_not_above,
        "a bare ACK with foreign numbers answered the SYN, whose own number is not above them: so answers TIME_WAIT",
    )
    yield excludes(k.sent & ~foreign, "the kernel gives another reason: {kernel_reason}")
