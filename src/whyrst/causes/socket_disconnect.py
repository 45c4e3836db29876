"""The program disconnected the socket without closing it.

## What happened
A program called `connect` with the address family AF_UNSPEC on a connected TCP socket. Linux then drops the connection
but keeps the socket for the next use. A connection that still had something to tell its peer is reset: the segment is
the same that SO_LINGER with zero timeout makes. Few programs do it on purpose; some libraries use it to reuse a socket
with its bound port, and fuzzers and sandboxes do it by chance.

## How to be sure
- The wire cannot show it. The reset is active, `RST, ACK` with the socket's next number, as with every abort.
- The kernel's stack of the reset has `tcp_disconnect` called from `__inet_stream_connect` (`sudo whyrst trace
  --stack`).
- Neither TCPAbortOnClose nor TCPAbortOnData rises (`nstat -az`), only OutRsts and EstabResets.
- `strace -f -e trace=connect -p PID` shows `connect(FD, {sa_family=AF_UNSPEC}, ...)`. This settles it.
- A hint in the capture: a new SYN from the same client port follows at once, because the socket is still bound to it.

## Easily confused with
- `linger-zero`: the same segment; there the stack goes through `__tcp_close`, and TCPAbortOnData rises.
- `application-abort`: the general name for such resets, which is what a capture alone can say.

## Fix
Call `shutdown(SHUT_WR)`, read to the end, and `close` the socket; open a new one for the next connection.
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
    id="socket-disconnect",
    title="The program disconnected the socket without closing it",
    type="active",
    fix="Close the socket in order and open a new one instead of connecting it to AF_UNSPEC.",
    to_be_sure=(
        "`sudo whyrst trace --stack` on that host shows tcp_disconnect called from __inet_stream_connect, and the "
        "process; `strace -f -e trace=connect -p PID` shows AF_UNSPEC."
    ),
    rfc=("RFC 9293 section 3.10.5",),
    kernel=("net/ipv4/af_inet.c: __inet_stream_connect -> tcp_disconnect -> tcp_send_active_reset, AF_UNSPEC",),
    counter="EstabResets",
    reasons=("TCP_STATE", "TCP_DISCONNECT_WITH_DATA"),
    look_alikes=("linger-zero", "application-abort"),
    wire=False,
    lab="connect_unspec",
)


def judge(r: Resets) -> Iterator[Sign]:
    """An active reset like any other; what would tell is in the kernel and stays unknown here."""
    yield needed(r.mechanism.among(ACTIVE), "a socket of the {sender} that was still alive sent the reset")
    yield needed(r.progress.synchronized, "the connection was established")
    yield needed(Fact.unknown(len(r)), "the kernel's stack of the reset has tcp_disconnect called from connect")
    yield hints(
        r.aftermath.syn_again & r.by_client,
        "the same port asked for a new connection right afterwards",
        "the port was not used again at once",
    )
    yield doubts(r.habits.windows, "the {sender} seems to run Windows, where this call does not exist")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """connect() with AF_UNSPEC calls tcp_disconnect, which resets where tcp_need_reset says so (net/ipv4/tcp.c)."""
    k = r.kernel
    assert k is not None
    disconnected = k.active & k.through("tcp_disconnect") & k.through("__inet_stream_connect", "inet_stream_connect")
    yield proves(disconnected, "{kernel_task} called connect() with AF_UNSPEC: the kernel's stack has tcp_disconnect")
    yield excludes(
        ~disconnected & k.way_known, "the kernel's stack has no tcp_disconnect called from connect", "connect() sent it"
    )
