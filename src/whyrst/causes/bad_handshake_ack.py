"""A segment of the handshake acknowledged a number that was never sent.

## What happened
In a handshake each side acknowledges the other's initial sequence number plus 1. Here a SYN-ACK, or the last step,
acknowledged something else, and RFC 9293 asks to reset exactly that number. The connection is not ended by this on a
client's side: it repeats its SYN.

Reasons: a firewall or balancer that rewrites sequence numbers in one direction only, or lost its state in between; a
SYN-ACK that belongs to an earlier attempt; two machines that answer for one address; a forged SYN-ACK; with SYN
cookies, a last step that came too late.

## How to be sure
- The reset's sequence number is the wrong acknowledgement number itself.
- The SYN in the capture has another number, so the answer cannot fit.
- The client repeats its SYN (Linux after about 10 ms).
- A kernel trace shows TCP_INVALID_ACK_SEQUENCE on the client, TCP_OLD_ACK or TCP_FLAGS on the server.
- Captures on both ends show whether the numbers were changed on the way, and always by the same amount.

## Easily confused with
- `time-wait-reuse`: the SYN is answered by a bare ACK, not by a SYN-ACK, because the server remembers the port pair.

## Fix
Find the device that rewrites sequence numbers (TCP normalization, sequence randomization, SYN proxy) and make it see
both directions, or turn that feature off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, hints, needed, proves, shows, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Conn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="bad-handshake-ack",
    title="A handshake segment acknowledged a number that was never sent",
    type="passive",
    fix="Find the device that rewrites sequence numbers in one direction only, and let it see both or turn it off.",
    to_be_sure=(
        "`whyrst compare` captures of both ends: does the SYN have one sequence number on both? `sudo whyrst trace` "
        "shows the kernel's reason, such as TCP_INVALID_ACK_SEQUENCE."
    ),
    rfc=("RFC 9293 section 3.10.7.3", "RFC 9293 section 3.10.7.4"),
    kernel=(
        "net/ipv4/tcp_input.c: tcp_rcv_synsent_state_process, ACK outside SND.UNA and SND.NXT",
        "net/ipv4/tcp_input.c: tcp_rcv_state_process in SYN_RECV, ACK not acceptable",
    ),
    counter="TcpOutRsts",
    reasons=(
        "TCP_INVALID_ACK_SEQUENCE",
        "TCP_TOO_OLD_ACK",
        "TCP_ACK_UNSENT_DATA",
        "TCP_OLD_ACK",
        "TCP_FLAGS",
        "TCP_RFC7323_PAWS",
    ),
    look_alikes=("time-wait-reuse",),
    lab="bad_handshake_ack_syn_sent",
)


def judge(r: Resets) -> Iterator[Sign]:
    """The numbers say it all: the reset repeats an acknowledgement that does not fit the handshake."""
    wrong = r.opening.wrong_ack
    old = r.conn(Conn.OLD_ISN)
    earlier = (old >= 0) & (r.trigger.ack == np.where(old >= 0, (old + 1) & 0xFFFFFFFF, -1))
    yield needed(
        wrong,
        "frame {trigger_frame} acknowledges {trigger_ack}, which the {sender} never sent, and the reset has that"
        " number",
        "no segment of the handshake acknowledges a number that was never sent",
    )
    yield needed(r.progress.no_payload, "no data had been sent in the connection", "data had been sent already")
    yield decides(
        wrong & r.shape.bare, "RFC 9293 asks for exactly this reset", "it is not the reset that RFC 9293 asks for"
    )
    yield supports(r.shape.bare & r.shape.window_zero, "it is a bare RST with window 0, as a stack's answer is")
    yield hints(
        r.attempts.asks_again, "the client sent its SYN again, as it must", "the client did not send its SYN again"
    )
    yield doubts(earlier, "the number belongs to an earlier attempt with the same ports")
    yield excludes(r.opening.foreign, "the SYN was answered by a bare ACK, not by a SYN-ACK")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """tcp_rcv_synsent_state_process and step 5 of tcp_rcv_state_process (net/ipv4/tcp_input.c). In SYN_SENT a bare ACK
    is the answer of an old connection, which has other names. At a listening socket the ACK of a request that is still
    open did not fit its SYN-ACK (net/ipv4/tcp_minisocks.c, tcp_check_req)."""
    k = r.kernel
    assert k is not None
    syn_ack = k.asked_by(Flag.SYN | Flag.ACK, Flag.SYN | Flag.ACK)
    connecting = k.reason("TCP_INVALID_ACK_SEQUENCE", "TCP_RFC7323_PAWS") & syn_ack & ~k.foreign_socket
    accepting = k.reason("TCP_TOO_OLD_ACK", "TCP_OLD_ACK", "TCP_ACK_UNSENT_DATA")
    request = (
        k.reason("TCP_FLAGS") & ~k.on_record & k.numbers(lambda n: n.requests > 0 and n.backlog <= n.backlog_limit)
    )
    yield proves(connecting, "the SYN-ACK did not acknowledge what this socket had sent: {kernel_reason}")
    yield proves(accepting, "the handshake's last step did not fit: {kernel_reason}")
    yield shows(
        request & (r.trigger.is_bare_ack | r.trigger.has_payload),
        "the listening socket has unfinished handshakes ({kernel_requests}), and this segment completes none of them",
    )
    yield excludes(k.no_socket | k.reason("TCP_TIMEWAIT_SOCKET"), "the kernel gives another reason: {kernel_reason}")
