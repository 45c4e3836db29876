"""The accept queue was full: the client believes it is connected, the server does not.

## What happened
The queue of connections that wait for accept() was full when the client's last step of the handshake arrived, and
Linux ignored it, as is the default. The client counts the connection as open and sends its request. The server still
waits for the last step, repeats its SYN-ACK, and ignores the data as long as the queue is full. After
`net.ipv4.tcp_synack_retries` repeats (5, about a minute) it forgets the request. The client's next repetition then
meets no connection and is answered by a reset.

## How to be sure
- The server repeats its SYN-ACK although the client has answered it.
- The client repeats its first data, and the server never acknowledges it.
- The reset comes long after the handshake, in answer to such a repetition.
- On the server, `nstat TcpExtListenOverflows TcpExtListenDrops` rises, and `ss -ltn` shows Recv-Q above Send-Q for
  the listening socket.
- If the client sent no data at all, TCP_DEFER_ACCEPT looks the same: the server then waits for data on purpose.

## Easily confused with
- `accept-queue-abort`: the same queue with `net.ipv4.tcp_abort_on_overflow=1`; the reset follows the handshake at
  once.
- Loss on the path from client to server: the same repeats, but `ListenOverflows` does not rise, and a capture on the
  server does not show the client's segments.

## Fix
Accept faster (more workers, no blocking work in the accept loop), and raise the program's backlog together with
`net.core.somaxconn`. Give clients a timeout for the first answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, refutes, shows, supports
from whyrst.fast.tables import Conn, Dir
from whyrst.resets.facts import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="accept-queue-half-open",
    title="Accept queue full: the server never took the connection",
    type="passive",
    fix="Accept faster, and raise the listen backlog together with net.core.somaxconn.",
    to_be_sure=(
        "On the server: `nstat -az TcpExtListenOverflows TcpExtListenDrops` before and after, and `ss -ltn` (Recv-Q "
        "above Send-Q)."
    ),
    rfc=("RFC 9293 section 3.10.7.1", "RFC 9293 section 3.5.1"),
    kernel=(
        "net/ipv4/tcp_ipv4.c: tcp_v4_syn_recv_sock, accept queue full -> the last step is dropped",
        "net/ipv4/inet_connection_sock.c: reqsk_timer_handler, repeats the SYN-ACK and forgets the request",
        "net/ipv4/tcp_ipv4.c: tcp_v4_do_rcv -> tcp_v4_send_reset, ACK at a listening socket (TCP_FLAGS)",
    ),
    counter="TcpExtListenOverflows",
    reasons=("TCP_FLAGS",),
    look_alikes=("accept-queue-abort",),
    lab="accept_queue_half_open",
)

EXPIRY = SECOND
"""The first repeat of a SYN-ACK comes after 1 s, and a request expires after the last (RFC 6298 section 2)."""


def judge(r: Resets) -> Iterator[Sign]:
    """SYN-ACKs repeated after the client had answered, data never taken, and a reset once the request is forgotten."""
    ignored = (r.client(Dir.BYTES) > 0) & (r.server(Dir.BYTES) == 0)
    repeated = r.stalls.server_repeats_syn_ack
    waited = (r.conn(Conn.T_ACK) > 0) & (r.silences.syn > EXPIRY)
    yield needed(
        r.opening.dropped_by_server,
        "the server had sent only SYN-ACKs, and then answered frame {trigger_frame} by a bare reset",
        "the reset does not end a handshake that the server had answered",
    )
    yield needed(
        repeated,
        "the server repeated its SYN-ACK ({syn_acks} in all) although the client had answered it",
        "the server did not repeat its SYN-ACK after the client's answer",
    )
    yield needed(waited, "the reset came {since_syn} after the first SYN", "the handshake had only just been answered")
    yield decides(
        ignored & (r.stalls.peer_repeats > 0) & repeated,
        "the client repeated its data {peer_repeats} times, and the server never acknowledged it",
        "the client had not repeated any data",
    )
    yield supports(r.server(Dir.SYNS) > 2, "{syn_acks} SYN-ACKs were sent before the server forgot the request")  # noqa: PLR2004
    yield hints(r.habits.ttl_same, "the reset's TTL {ttl} is that of the SYN-ACK")
    yield excludes(r.opening.proxy_syn_ack, "the SYN-ACK is a device's")
    yield excludes(r.aftermath.sender_goes_on, "the server goes on with the connection")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """TCP_FLAGS: a listening socket got an ACK (net/ipv4/tcp_input.c, tcp_rcv_state_process), because the request that
    it belongs to was forgotten; with a full queue it was never taken (ListenOverflows)."""
    k = r.kernel
    assert k is not None
    stray = k.reason("TCP_FLAGS") & ~k.on_record & ~r.progress.sender_reset_before
    full = k.numbers(lambda n: n.backlog > n.backlog_limit)
    yield shows(stray & full, "a listening socket got it, and its accept queue is full ({kernel_queue})")
    yield refutes(k.passive & ~full & k.reason("TCP_FLAGS"), "the accept queue is not full ({kernel_queue})")
    yield excludes(k.sent & ~k.reason("TCP_FLAGS"), "the kernel gives another reason: {kernel_reason}")
