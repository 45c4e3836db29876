"""TCP_USER_TIMEOUT ran out.

## What happened
The program had told TCP how long data may stay unacknowledged (TCP_USER_TIMEOUT). That time passed, and TCP gave the
connection up, long before the system's own limit. With unacknowledged data, Linux sends no reset at that moment; what
the peer sends later is reset. While the connection is idle and keep-alive is on, the option ends the probing instead,
and then Linux does send a reset.

## How to be sure
- A segment is repeated with doubling waits, but the repeats stop after seconds, where the system's own limit is many
  minutes. Later segments of the peer are answered with passive resets.
- A capture cannot show the setting. `strace -f -e trace=setsockopt -p PID` shows TCP_USER_TIMEOUT (18) with its
  milliseconds, and so does the configuration of gRPC, of HAProxy (`tcp-ut`), of PostgreSQL (`tcp_user_timeout`).
- `nstat TcpExtTCPAbortOnTimeout` rises on the sender, and the program gets ETIMEDOUT.

## Easily confused with
- `retransmission-timeout`: the system's own limit ended the repeats. It takes minutes on Linux, unless
  `net.ipv4.tcp_retries2` was lowered, which looks the same.
- `keepalive-timeout`: the number of probes ended an idle connection, not the option.

## Fix
Find out why the data was not acknowledged; that is the fault. Choose a timeout above the longest outage that
connections shall survive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import excludes, hints, needed, proves, refutes, supports
from whyrst.resets.facts import SECOND, Fact
from whyrst.resets.mechanism import ACTIVE, PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="user-timeout",
    title="TCP_USER_TIMEOUT ran out",
    type="active|passive",
    fix="Find why the data was not acknowledged; set the timeout above the longest outage that shall be survived.",
    to_be_sure="`strace -f -e trace=setsockopt -p PID` on the program (TCP_USER_TIMEOUT), or its configuration.",
    rfc=("RFC 9293 section 3.9.1.1", "RFC 5482"),
    kernel=(
        "net/ipv4/tcp_timer.c: tcp_write_timeout -> tcp_write_err, icsk_user_timeout (sends no reset)",
        "net/ipv4/tcp_timer.c: tcp_keepalive_timer -> tcp_send_active_reset, elapsed >= icsk_user_timeout",
    ),
    counter="TCPAbortOnTimeout",
    reasons=("NO_SOCKET", "TCP_FLAGS", "TCP_KEEPALIVE_TIMEOUT"),
    look_alikes=("retransmission-timeout", "keepalive-timeout"),
    lab="user_timeout",
)

SYSTEM = 100 * SECOND
"""RFC 9293 section 3.8.3: a system's own limit should be at least this long."""


def judge(r: Resets) -> Iterator[Sign]:
    """Repeats that stop far too early for the system, and a passive reset; or a reset that ends probing.

    The option is the program's, so the wire can only show that something ended the wait earlier than the system
    does by itself.
    """
    stalls = r.stalls
    gave_up = r.mechanism.among(PASSIVE) & stalls.sender_stopped & (r.progress.sender_unacked > 0)
    probing = r.mechanism.among(ACTIVE) & Fact.of(stalls.sender_probes >= 1, ~r.progress.peer_silent)
    yield needed(
        gave_up | probing,
        "the {sender} had given up waiting: its repeats or probes had ended without an answer",
        "the {sender} was not waiting for an acknowledgement",
    )
    yield needed(~r.mechanism.over, "neither end had reset the connection before, and the {sender} had not closed")
    yield supports(
        gave_up & (stalls.sender_span < SYSTEM),
        "it had stopped after {sender_repeats} repeats in {sender_span}, far below the system's own limit",
    )
    yield hints(gave_up & stalls.sender_backs_off, "the waits between the repeats had doubled")
    yield hints(
        gave_up & ~stalls.peer_spoke_meanwhile,
        "the {peer} said nothing while the {sender} repeated",
        "the {peer} spoke while the {sender} repeated",
    )
    yield refutes(probing & stalls.probe_wait_fits, "the number of probes explains the reset")
    yield excludes(stalls.peer_window_shut, "the {peer}'s window was closed")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """tcp_keepalive_timer resets when TCP_USER_TIMEOUT has passed with a probe out; tcp_write_timeout gives up without
    a word (net/ipv4/tcp_timer.c), and the peer's next segment finds no socket."""
    k = r.kernel
    assert k is not None
    timer = k.active & k.reason("TCP_KEEPALIVE_TIMEOUT")
    gone = k.nobody & k.timed_out
    yield proves(
        timer & k.numbers(lambda n: n.user_timeout > 0),
        "the keep-alive timer ended it after TCP_USER_TIMEOUT ({kernel_user_timeout})",
    )
    yield proves(
        gone & k.past(lambda p: p.user_timeout > 0),
        "the socket had given up with {kernel_error} under TCP_USER_TIMEOUT; {kernel_closed}",
    )
    yield excludes(gone & k.past(lambda p: p.user_timeout == 0), "the socket had no TCP_USER_TIMEOUT")
    yield excludes(~timer & k.way_known, "the kernel gives another reason: {kernel_reason}")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of both ends: what was repeated never arrived."""
    assert r.compared is not None
    yield supports(r.compared.own_dropped, "{compared_dropped}", "what it sent did arrive")
