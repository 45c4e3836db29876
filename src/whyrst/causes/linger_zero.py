"""SO_LINGER with zero timeout made every close a reset.

## What happened
The program had set SO_LINGER with a timeout of zero on its socket (Java: `setSoLinger(true, 0)`, Go: `SetLinger(0)`).
Then `close` does not send a FIN: it throws away what is still to be sent, sends `RST, ACK` and forgets the connection
at once. Programs do that to avoid TIME_WAIT, in load tests, in health checks, or by a setting that nobody remembers.
Bytes that were written last may never arrive, and the peer's program gets an error instead of the end of the input.

## How to be sure
- The exchange is complete: the request was answered, all of it was acknowledged, and then comes a reset where a FIN is
  usual.
- It happens every time. All connections of that program to that service end so, and none ends by FIN.
- On Linux, `nstat -az TcpExtTCPAbortOnData` on the sender of the reset rises, and TCPAbortOnClose does not.
- `strace -f -e trace=setsockopt -p PID` shows `SO_LINGER, {l_onoff=1, l_linger=0}`. This settles it.

## Easily confused with
- `close-with-unread-data`: the same reset, because bytes were unread. The counter TCPAbortOnClose tells, and on the
  wire a window that jumps.
- `application-abort`: the general name, when one such reset stands alone.
- `socket-disconnect`: `connect` with AF_UNSPEC makes the same segment.
- `admin-kill`: an operator destroyed the socket, at any moment, not after complete exchanges.
- `health-check`: a probe that resets on purpose, in a fixed rhythm, without payload.
- `listener-closed`: the listening socket was closed, and connections that were never accepted are reset.
- `resource-limit`, `linger2-abort`: the program had closed in order, and the kernel cut the end short.
- `proxy-policy`: a proxy ends connections by a rule and says so.

## Fix
Remove SO_LINGER, or set it to off. TIME_WAIT on the side that closes first is harmless; where it is not, let the other
side close first, reuse connections, or widen `net.ipv4.ip_local_port_range`. Keep SO_LINGER zero for probes only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import doubts, excludes, hints, needed, refutes, shows, supports
from whyrst.fast.layout import Kind
from whyrst.fast.tables import Conn, Dir
from whyrst.resets.facts import Fact, one_of
from whyrst.resets.mechanism import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="linger-zero",
    title="SO_LINGER with zero timeout made the close a reset",
    type="active",
    fix="Remove SO_LINGER with zero timeout; let connections close with FIN.",
    to_be_sure="`strace -f -e trace=setsockopt -p PID` shows SO_LINGER with l_linger=0; "
    "`nstat -az TcpExtTCPAbortOnData` rises with each such close.",
    rfc=("RFC 9293 section 3.10.5", "RFC 1122 section 4.2.2.13"),
    kernel=(
        "net/ipv4/tcp.c: __tcp_close -> tcp_disconnect -> tcp_send_active_reset, SOCK_LINGER and no sk_lingertime",
    ),
    counter="TCPAbortOnData",
    reasons=("TCP_STATE",),
    look_alikes=(
        "close-with-unread-data",
        "application-abort",
        "socket-disconnect",
        "admin-kill",
        "health-check",
        "listener-closed",
        "resource-limit",
        "linger2-abort",
        "proxy-policy",
    ),
    lab="linger_zero",
)

SEVERAL, ALWAYS = 3, 5
"""So many resets without a single FIN are a habit; those in the same instant are one event, such as the end of a
program, and count once."""


def judge(r: Resets) -> Iterator[Sign]:
    """An active reset after a complete exchange, again and again; one alone is no more than an abort.

    Nothing here decides: a program that always leaves a byte unread looks the same, so that the wire alone can
    make this cause likely and never certain.
    """
    yield needed(r.mechanism.among(ACTIVE), "a socket of the {sender} that was still alive sent the reset")
    yield needed(r.progress.synchronized, "the connection was established")
    yield needed(
        Fact.of(
            (r.progress.sender_bytes > 0) & (r.progress.peer_bytes > 0), ~(r.progress.midstream | r.progress.one_sided)
        ),
        "both sides had sent payload",
        "there was no exchange that a close could follow",
    )
    near = r.neighbours
    fins = np.where(r.by_client, near.fins_of_client, near.fins_of_service)
    at_once = r.by_server & near.burst_then_refused
    rounds = np.where(r.by_client, near.resets_in_turn_of_client, near.resets_in_turn_of_service)
    habit = r.of_others((fins == 0) & ~at_once)
    asked_last = r.conn(Conn.DATA_SIDE) == 0
    hello_only = (r.client(Dir.SEGMENTS) > 0) & (r.client(Dir.LAST_KIND) == Kind.TLS_CLIENT_HELLO)
    tls = one_of(r.server(Dir.LAST_KIND), (Kind.TLS_DATA, Kind.TLS_HANDSHAKE, Kind.TLS_SERVER_HELLO, Kind.TLS_CCS))
    settled = (r.progress.sender_unacked == 0) & (r.progress.peer_unacked == 0)
    complete = settled & ~r.stalls.peer_window_shut
    yield supports(
        (rounds >= SEVERAL) & habit,
        "the {sender} ended {habitual_resets} connections of this kind by reset and none by FIN",
        "no habit of resetting is seen ({habitual_resets} by reset, at {habitual_rounds} times, and {habitual_fins}"
        " by FIN)",
    )
    yield supports((rounds >= ALWAYS) & habit, "it does so every time", "it is not seen to do so every time")
    yield hints(
        complete,
        "all bytes of the exchange were acknowledged",
        "bytes were on their way ({sender_unacked} of the {sender}, {peer_unacked} of the {peer}), or waited for a"
        " window to open",
    )
    yield supports(
        r.habits.linux & r.progress.knew_peer_fin & ~r.progress.sender_fin & complete & ~asked_last,
        "the {peer} had closed, all was answered, and a Linux close without unread bytes would have sent a FIN",
        "the {peer} had not closed, or the {sender} does not seem to run Linux",
    )
    yield refutes(asked_last, "the latest request had no answer", "the latest request was answered")
    yield doubts(r.progress.sender_fin, "the {sender} had sent a FIN before, in frame {sender_fin_frame}")
    yield refutes(
        hello_only,
        "the TLS handshake was not complete, so there was no exchange",
        "no unfinished TLS handshake is seen",
    )
    yield doubts(
        tls, "it was TLS, where bytes that no program reads (session tickets, a goodbye) often cause such resets"
    )
    yield refutes(
        r.progress.peer_fin & r.habits.windows,
        "the {peer} had closed, and the {sender} seems to run Windows, which often answers that with a reset",
        "no habit of the system explains it",
    )
    yield refutes(
        r.progress.unread > 0, "{unread} bytes were acknowledged and probably not read", "no unread bytes are seen"
    )
    yield refutes(
        at_once,
        "{burst_size} connections of the service ended in the same instant, and it refused from then on",
        "the service did not end with it",
    )
    yield refutes(r.declared.any, "the reset itself declares another reason: {told}", "the reset declares no reason")
    yield excludes(
        r.stalls.window_jumps.yes | r.stalls.sender_window_shut, "its window tells that bytes were thrown away unread"
    )


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """__tcp_close (net/ipv4/tcp.c) calls tcp_disconnect when SO_LINGER is set with a timeout of 0: TCP_STATE."""
    k = r.kernel
    assert k is not None
    lingers = k.numbers(lambda n: n.lingers and n.linger_time == 0)
    zero = k.active & k.reason("TCP_STATE") & k.by_close & lingers
    yield shows(zero, "{kernel_task} closed the socket, on which SO_LINGER was set with a timeout of 0")
    # Without names of functions (kptr_restrict), the option and the reason are all there is.
    yield shows(
        k.active & k.reason("TCP_STATE") & lingers & k.fact(lambda e: e.in_process and not e.stack),
        "SO_LINGER was set with a timeout of 0, and {kernel_task} ended it by a system call",
    )
    yield excludes(~zero & k.way_known, "no close with SO_LINGER 0: {kernel_reason}", "SO_LINGER 0 was set")
