"""The kernel ran out of room for closed connections.

## What happened
The program had closed its socket in order, but the kernel did not want to keep the connection until its end: there were
more closed sockets without an owner than `net.ipv4.tcp_max_orphans` allows, or TCP used more memory than
`net.ipv4.tcp_mem` allows. Then Linux sends `RST, ACK` and forgets the connection. Bytes that were not acknowledged yet
are lost. It comes in bursts under load, often together with slow or vanished clients.

## How to be sure
- The kernel log has "TCP: too many orphaned sockets" or "TCP: out of memory -- consider tuning tcp_mem".
- `nstat -az TcpExtTCPAbortOnMemory` rises. This settles it, together with the kernel reason TCP_ABORT_ON_MEMORY.
- `cat /proc/net/sockstat` shows many orphans, or memory close to the third number of `sysctl net.ipv4.tcp_mem`.
- In the capture, the sender of the reset had sent its FIN before. The wire shows no more than that.

## Easily confused with
- `linger-zero`: the program asked for the reset by SO_LINGER; then there is no FIN before, and no message in the log.

## Fix
Find what fills the memory: clients that do not read, answers that are too large, buffers that are set too high. Then
raise `net.ipv4.tcp_max_orphans` and `net.ipv4.tcp_mem`, or lower `net.ipv4.tcp_orphan_retries` so that dead peers are
given up sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import doubts, excludes, hints, needed, proves
from whyrst.resets.facts import Fact
from whyrst.resets.mechanism import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="resource-limit",
    title="The kernel ran out of room for closed connections",
    type="active",
    fix="Find what fills TCP's memory; then raise tcp_max_orphans and tcp_mem, or give dead peers up sooner.",
    to_be_sure="`nstat -az TcpExtTCPAbortOnMemory` and `dmesg | grep -i 'orphaned sockets'` on the host that sent it.",
    rfc=("RFC 9293 section 3.10.5",),
    kernel=(
        "net/ipv4/tcp.c: __tcp_close -> tcp_send_active_reset, tcp_check_oom",
        "net/ipv4/tcp_timer.c: tcp_out_of_resources -> tcp_send_active_reset",
    ),
    counter="TCPAbortOnMemory",
    reasons=("TCP_ABORT_ON_MEMORY",),
    look_alikes=("linger-zero",),
    wire=False,
    no_lab=(
        "tcp_max_orphans and tcp_mem are settings of the whole machine, not of a network namespace; a lab that lowered "
        "them would reset connections of others"
    ),
)


def judge(r: Resets) -> Iterator[Sign]:
    """An active reset behind the sender's own FIN; that a limit was reached only the kernel tells."""
    yield needed(r.mechanism.among(ACTIVE), "a socket of the {sender} that was still alive sent the reset")
    yield needed(
        r.progress.sender_fin,
        "the {sender}'s program had closed before, in frame {sender_fin_frame}",
        "the {sender} had not closed, and the limits hold for closed connections",
    )
    yield needed(Fact.unknown(len(r)), "the kernel counted TCPAbortOnMemory")
    yield hints(
        (r.progress.sender_unacked > 0) | (r.stalls.sender_repeats > 0),
        "the {sender} still had {sender_unacked} bytes that were not acknowledged",
    )
    yield doubts(r.habits.windows, "the {sender} seems to run Windows, which has no such limit")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """tcp_check_oom and tcp_out_of_resources (net/ipv4/tcp.c, net/ipv4/tcp_timer.c): too many orphans, or too much
    memory."""
    k = r.kernel
    assert k is not None
    short = k.active & k.reason("TCP_ABORT_ON_MEMORY")
    yield proves(short, "the kernel's reason is TCP_ABORT_ON_MEMORY: tcp_max_orphans or tcp_mem was reached")
    yield excludes(~short & k.way_known, "the kernel gives another reason: {kernel_reason}")
