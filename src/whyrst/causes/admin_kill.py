"""An administrator or a tool destroyed the socket.

## What happened
Somebody outside the program ended its connection: `ss -K`, a SOCK_DESTROY request over netlink, a BPF program with
`bpf_sock_destroy`, or a manager that uses them (Android when the network changes, Cilium when a backend goes away).
The kernel sends `RST, ACK` to the peer. The program that owned the socket gets ECONNABORTED, its peer ECONNRESET.

## How to be sure
- The wire cannot show it. The reset is active and comes at any moment, whatever the program was doing.
- The kernel's stack of the reset has `tcp_abort` (`sudo whyrst trace --stack`), and it names the tool that did it. The
  socket was still ESTABLISHED in the kernel's event, which it is not when a program closes.
- The program's own log shows ECONNABORTED ("software caused connection abort"). This error has hardly another source.
- Neither TCPAbortOnClose nor TCPAbortOnData rises (`nstat -az`).
- The audit log or the shell history of the host has `ss -K` at that time.

## Easily confused with
- `linger-zero`: the program itself aborted its connection; then TCPAbortOnData rises.
- `application-abort`: the general name for such resets, which is what a capture alone can say.

## Fix
Ask who did it and why. If it was meant, nothing is wrong, and clients should connect again. If a manager did it because
a backend was removed, drain the backend before it is removed.
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
    id="admin-kill",
    title="An administrator or a tool destroyed the socket",
    type="active",
    fix="Ask who destroyed the socket; if a manager did because a backend went away, drain the backend first.",
    to_be_sure=(
        "`sudo whyrst trace --stack` on that host shows tcp_abort and who called it; the owner's "
        "log shows ECONNABORTED."
    ),
    rfc=("RFC 9293 section 3.10.5",),
    kernel=("net/ipv4/tcp.c: tcp_abort -> tcp_send_active_reset, tcp_need_reset",),
    counter="EstabResets",
    reasons=("TCP_STATE",),
    look_alikes=("linger-zero", "application-abort"),
    wire=False,
    lab="ss_kill",
)


def judge(r: Resets) -> Iterator[Sign]:
    """An active reset like any other; what would tell is in the kernel and stays unknown here."""
    quiet = (r.progress.sender_unacked == 0) & (r.progress.peer_unacked == 0)
    yield needed(r.mechanism.among(ACTIVE), "a socket of the {sender} that was still alive sent the reset")
    yield needed(r.progress.synchronized, "the connection was established")
    yield needed(Fact.unknown(len(r)), "the kernel's stack of the reset has tcp_abort")
    yield hints(
        r.silences.before > 0,
        "nothing on the wire led to it: {silence} of silence lay before",
    )
    yield doubts(~quiet, "the connection was in the middle of a transfer, where a program's own abort is more usual")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """tcp_abort (net/ipv4/tcp.c) is called for SOCK_DESTROY, bpf_sock_destroy and SMC only; never by a program's own
    call."""
    k = r.kernel
    assert k is not None
    destroyed = k.active & k.through("tcp_abort") & ~k.through("smc_release")
    yield proves(destroyed, "{kernel_task} destroyed the socket: the kernel's stack has tcp_abort")
    yield excludes(~destroyed & k.way_known, "the kernel's stack has no tcp_abort", "tcp_abort sent it")
