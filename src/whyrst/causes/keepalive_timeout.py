"""Keep-alive probes went unanswered.

## What happened
The connection was idle, and one end asked with keep-alive probes whether the other is still there. No answer came to
any of them, so the prober gave the connection up and sent a reset. The reset usually reaches nobody: the peer
lost power, left the network, or a device on the path drops what belongs to a connection that it has forgotten.

## How to be sure
- Probes are segments one byte below the next sequence number, at a fixed interval, from one side only.
- The peer sends nothing at all during that time.
- The reset is active, `RST, ACK`, and comes one interval after the last probe.
- On the prober, `nstat TcpExtTCPAbortOnTimeout` rises, and the program gets ETIMEDOUT. Linux sends 9 probes 75 s
  apart after two hours by default, Windows 10 probes 1 s apart, but programs set their own values with
  TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT.

## Easily confused with
- `user-timeout`: TCP_USER_TIMEOUT overrides the number of probes, so the reset looks the same but comes at that time.
  `strace -e setsockopt` or the program's configuration tells.

## Fix
Find out why the peer was gone: look at its power, its network, and at firewalls and NAT on the path whose idle timeout
is shorter than the time before the first probe. Where the device is the reason, send the first probe earlier
(`net.ipv4.tcp_keepalive_time` or TCP_KEEPIDLE). Where the peer is, the reset is right and frees resources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, proves, refutes, supports
from whyrst.resets.facts import Fact
from whyrst.resets.mechanism import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="keepalive-timeout",
    title="Keep-alive probes went unanswered",
    type="active",
    fix="Find why the peer was gone; where a device forgets idle connections, send the first probe earlier.",
    to_be_sure="On the prober: `nstat -az TcpExtTCPAbortOnTimeout`, and `ss -to` for its keepalive timers.",
    rfc=("RFC 9293 section 3.8.4", "RFC 1122 section 4.2.3.6"),
    kernel=("net/ipv4/tcp_timer.c: tcp_keepalive_timer -> tcp_send_active_reset, probes_out >= keepalive_probes",),
    counter="TCPAbortOnTimeout",
    reasons=("TCP_KEEPALIVE_TIMEOUT",),
    look_alikes=("user-timeout",),
    lab="keepalive_timeout",
)

SURE = 3
"""So many probes at one interval leave no doubt that a timer sends them."""


def judge(r: Resets) -> Iterator[Sign]:
    """Probes of the reset's sender without an answer, and then its active reset when the next one was due."""
    probes = r.stalls.sender_probes
    heard = ~r.progress.peer_silent
    yield needed(r.mechanism.among(ACTIVE), "the {sender}'s own socket sent the reset")
    yield needed(
        Fact.of(probes >= 1, heard),
        "the {sender} had sent {sender_probes} keep-alive probes, none of which was answered",
        "the {sender} had sent no keep-alive probe since the {peer} last spoke",
    )
    yield needed(
        (r.progress.sender_unacked == 0) & ~r.stalls.peer_window_shut,
        "nothing that the {sender} had sent was outstanding, and the {peer}'s window was open",
    )
    yield decides(
        r.stalls.probe_wait_fits,
        "the reset came {probe_wait} after the last probe, when the next one was due (one every {probe_interval})",
        "the reset does not come at the end of a probe's interval",
    )
    yield supports(probes >= SURE, "the {sender} probed {sender_probes} times, {probe_interval} apart")
    yield refutes(r.progress.peer_fin, "the {peer} had closed in frame {peer_fin_frame}")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """tcp_keepalive_timer (net/ipv4/tcp_timer.c): without TCP_USER_TIMEOUT it is the number of probes that ends it."""
    k = r.kernel
    assert k is not None
    timer = k.active & k.reason("TCP_KEEPALIVE_TIMEOUT")
    yield proves(
        timer & k.numbers(lambda n: n.user_timeout == 0),
        "the keep-alive timer ended it: {kernel_probes} probes had no answer",
    )
    yield excludes(~timer & k.way_known, "the kernel gives another reason: {kernel_reason}")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of both ends: the probes never arrived."""
    assert r.compared is not None
    yield supports(r.compared.made_at_end & r.compared.own_dropped, "{compared_dropped}")
