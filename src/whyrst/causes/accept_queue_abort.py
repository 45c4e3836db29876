"""The accept queue was full, and the server is set to reset then.

## What happened
The kernel completes handshakes by itself and queues the connections until the program calls accept(). The queue was
full when the client's last step of the handshake arrived. By default Linux ignores that step; with
`net.ipv4.tcp_abort_on_overflow` set to 1 it resets the client instead. Windows refuses the SYN itself when the
backlog is full.

## How to be sure
- SYN, SYN-ACK, ACK, and then a bare RST whose sequence number is the one that the client's ACK acknowledged. The
  server never acknowledges a byte of the client, and sends none.
- It comes in bursts, under load, while other connections of the same service work.
- On the server, `nstat TcpExtListenOverflows` rises with each reset, `ss -ltn` shows Recv-Q above Send-Q for the
  listening socket, and `sysctl net.ipv4.tcp_abort_on_overflow` says 1. A kernel trace shows reason INVALID_SYN with a
  bare ACK as the answered segment.

## Easily confused with
- `accept-queue-half-open`: the same queue with the default setting. The server repeats its SYN-ACK, and resets only
  after a minute.
- `listener-closed`: the program closed its listening socket; many waiting connections are reset in the same
  millisecond.
- `syn-proxy`: the SYN-ACK came from a device, with another TTL or window than the reset.
- `kernel-handshake-race`: the server goes on with the connection as if it had sent no reset.

## Fix
Accept faster (more workers, no blocking work in the accept loop), raise the program's backlog together with
`net.core.somaxconn`, and set `net.ipv4.tcp_abort_on_overflow` back to 0, so that short peaks are bridged by repeats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, proves, refutes, shows, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Rst
from whyrst.resets.mechanism import FORGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="accept-queue-abort",
    title="Accept queue full, and the server resets then (tcp_abort_on_overflow)",
    type="passive",
    fix=(
        "Accept faster, raise the listen backlog together with net.core.somaxconn, and set"
        " net.ipv4.tcp_abort_on_overflow=0."
    ),
    to_be_sure=(
        "On the server: `nstat -az TcpExtListenOverflows` before and after, `ss -ltn` (Recv-Q above Send-Q), and "
        "`sysctl net.ipv4.tcp_abort_on_overflow`."
    ),
    rfc=("RFC 9293 section 3.10.7.4",),
    kernel=(
        "net/ipv4/tcp_minisocks.c: tcp_check_req -> embryonic_reset, accept queue full and tcp_abort_on_overflow set",
    ),
    counter="TcpExtListenOverflows",
    reasons=("INVALID_SYN",),
    look_alikes=("accept-queue-half-open", "listener-closed", "syn-proxy", "kernel-handshake-race"),
    lab="accept_queue_abort",
)

SEVERAL = 2
"""Connections dropped in the same minute from which it is no accident."""


def judge(r: Resets) -> Iterator[Sign]:
    """A bare reset in answer to the handshake's last step, several of them, while others are served.

    The numbers are the stack's (tcp_v4_send_reset), so this much holds for any system that aborts at this point. That
    others of the same minute are served tells a queue from a service that does not work at all.
    """
    opening = r.opening
    yield needed(
        opening.dropped_soon,
        "the server had sent only its SYN-ACK, and then answered frame {trigger_frame} by a bare reset",
        "the reset does not end a handshake that the server had answered",
    )
    yield needed(
        ~r.stalls.server_repeats_syn_ack,
        "the server had not repeated its SYN-ACK",
        "the server had repeated its SYN-ACK, so it had ignored the last step before",
    )
    yield needed(~r.aftermath.sender_goes_on, "the server sends nothing more for this connection")
    yield decides(
        (r.attempts.dropped >= SEVERAL)
        & r.of_others(r.attempts.served > 0)
        & r.habits.ttl_same
        & ~opening.proxy_syn_ack,
        "{dropped} connections of the service were dropped like this in the same minute, while {served} were served",
        "it is the only connection of the service that was dropped like this, or none was served",
    )
    yield supports(r.habits.ttl_same, "the reset's TTL {ttl} is that of the SYN-ACK", "the SYN-ACK had TTL {syn_ttl}")
    yield hints(r.trigger.is_bare_ack, "it answers the bare last step of the handshake", "it answers data")
    yield hints(r.attempts.dropped >= SEVERAL, "{dropped} connections were dropped like this in the same minute")
    yield refutes(
        (r.neighbours.refused_after >= 0)
        & ((r.neighbours.accepted_after < 0) | (r.neighbours.accepted_after > r.neighbours.refused_after)),
        "the service refuses the next attempt, so nothing listens any more",
        "the service does not refuse the next attempt",
    )
    yield refutes(
        r.mechanism.firewall & (r.own(Rst.NUMBER) == 1),
        "its TTL, TOS or flow label are not the server's",
        "the server wrote it",
    )
    yield excludes(r.mechanism.among(FORGED), "a third party wrote the reset")
    yield excludes(opening.proxy_syn_ack, "the SYN-ACK is a device's")
    yield excludes(opening.wrong_ack, "the answered segment acknowledged a number that the server never sent")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """tcp_check_req (net/ipv4/tcp_minisocks.c): the handshake's last step found the accept queue full, and
    net.ipv4.tcp_abort_on_overflow is set. A SYN with the same reason is another case."""
    k = r.kernel
    assert k is not None
    last_step = k.reason("INVALID_SYN") & k.asked_by(0, Flag.SYN)
    full = k.numbers(lambda n: n.backlog > n.backlog_limit)
    yield proves(last_step & full, "the accept queue held {kernel_queue}, so the handshake's last step was refused")
    yield shows(
        last_step, "the listening socket refused the handshake's last step (now its queue holds {kernel_queue})"
    )
    yield excludes(k.sent & ~last_step, "the kernel gives another reason: {kernel_reason}")
