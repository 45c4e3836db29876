"""The program closed its listening socket while connections were waiting in its queue.

## What happened
The kernel had completed the handshakes and queued the connections until the program would call accept(). The program
closed the listening socket first: it was stopping, or one worker of several that share the port (SO_REUSEPORT) went
away. All connections in that queue were reset at once. Those whose handshake was not complete yet are reset when
their client's next segment arrives.

## How to be sure
- Several connections to one address and port are reset within the same few milliseconds.
- None of them had got a single byte from the server, although clients may have sent their requests, which the kernel
  acknowledged.
- The resets are active: `RST,ACK` with the server's next number.
- Some of them had not got a byte from their client either. A program that ends closes such connections with a FIN;
  where all held a request, it may as well have accepted them and died.
- A kernel trace shows inet_csk_listen_stop below the reset; the deploy log shows a stop or a smaller number of
  workers.

## Easily confused with
- `process-crash`: the connections that had been accepted end, too, and some of them had got answers.
- `linger-zero`: the program accepted the connection and reset it on purpose; single connections, not a burst.
- `accept-queue-abort`: the reset answers the handshake's last step; the listening socket lives on.

## Fix
Stop the traffic before closing the socket (take the instance out of the balancer, then drain the queue with accept).
With SO_REUSEPORT set `net.ipv4.tcp_migrate_req=1`, so that the waiting connections move to another worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, hints, needed, proves, refutes, shows, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Dir
from whyrst.resets.facts import SECOND, Fact
from whyrst.resets.mechanism import ACTIVE
from whyrst.resets.services import WAITED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="listener-closed",
    title="The listening socket was closed with connections in its queue",
    type="active|passive",
    fix=(
        "Take the instance out of service and drain its queue before closing the socket; with SO_REUSEPORT set "
        "net.ipv4.tcp_migrate_req=1."
    ),
    to_be_sure=(
        "Compare the time with the deploy log; `sudo whyrst trace --stack` shows inet_csk_listen_stop and who "
        "closed the listening socket."
    ),
    rfc=("RFC 9293 section 3.10.4", "RFC 9293 section 3.10.5"),
    kernel=(
        (
            "net/ipv4/inet_connection_sock.c: inet_csk_listen_stop -> inet_child_forget -> tcp_disconnect -> "
            "tcp_send_active_reset (TCP_STATE)"
        ),
    ),
    counter="TcpEstabResets",
    reasons=("TCP_STATE",),
    look_alikes=("process-crash", "linger-zero", "accept-queue-abort"),
    lab="listener_closed",
)

PAIR, SEVERAL = 2, 3
"""Two unserved connections that end in the same milliseconds may do so by chance; three do not."""

QUEUED = 63 * SECOND
"""A SYN-ACK is repeated for so long, so that a handshake's last step may still come (tcp_synack_retries 5)."""


def judge(r: Resets) -> Iterator[Sign]:
    """Active resets to several connections at once, none of which had got a byte.

    A program that ends its accepted connections one by one leaves FINs, or answers, among them; the queue of a
    listening socket is emptied in one loop of the kernel. A program that turns a crowd away resets each connection
    as soon as it is there, and one that dies resets those that hold unread bytes and closes the others.
    """
    unserved = r.by_server & (r.server(Dir.BYTES) == 0) & r.progress.handshake_seen & ~r.progress.sender_fin
    live = unserved & r.progress.synchronized & r.shape.has_ack
    dropped = r.opening.dropped_soon
    yield needed(
        live | dropped,
        "the server had not sent a byte in this connection when it reset it",
        "the connection was not one that waited to be accepted",
    )
    near = r.neighbours
    gone = (near.refused_after >= 0) & ((near.accepted_after < 0) | (near.accepted_after > near.refused_after))
    half_open = dropped & (gone | near.queue_dropped)
    yield needed(
        r.mechanism.among(ACTIVE) | half_open,
        "a socket of the server wrote the reset, or nothing listened any more",
        "no socket of the server wrote the reset",
    )
    yield needed(
        (near.dropped_at_once >= PAIR) | half_open,
        "{dropped_at_once} connections without an answer were reset in the same milliseconds",
        "no other connection without an answer was reset at the same time",
    )
    pair = live & (near.served_ended_together == 0)
    alone, waited = pair & (near.dropped_at_once >= SEVERAL), near.unserved_for >= WAITED
    yield supports(
        alone & waited,
        "{dropped_at_once} connections without an answer were reset in the same milliseconds, and none with one",
        "too few connections ended together, or some that had been answered ended, too",
    )
    yield decides(
        waited & ((alone & (near.dropped_unasked > 0)) | (pair & (near.dropped_unasked >= PAIR))),
        "of these, {dropped_unasked} held no byte of the client: a program that ends closes such ones with a FIN",
        "these held bytes of the client, as accepted ones do whose program ended, or had just come",
    )
    yield supports(
        Fact.of(near.queue_dropped, half_open),
        "just before, the server reset several connections at once that had not got a byte",
        "no such connections were reset before",
    )
    yield hints(gone, "the next attempt to connect is refused", "the next attempt to connect is not refused")
    yield hints(near.dropped_at_once > SEVERAL, "it is a burst of {dropped_at_once}")
    yield doubts(r.progress.peer_fin, "the client had closed before")
    yield refutes(
        near.served_ended_together > 0, "{served_ended_together} connections that had been answered ended with it"
    )
    yield excludes(r.mechanism.forged, "a third party wrote it")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """inet_csk_listen_stop (net/ipv4/inet_connection_sock.c) resets each connection that waits to be accepted;
    handshakes that were not complete are forgotten, so that their last step finds no socket (NO_SOCKET)."""
    k = r.kernel
    assert k is not None
    emptied = k.active & k.through("inet_csk_listen_stop")
    fresh = (k.listener_gone >= 0) & (k.listener_gone < QUEUED)
    last_step = k.no_socket & ~k.on_record & k.asked_by(Flag.ACK, Flag.SYN | Flag.ACK | Flag.FIN)
    yield proves(
        emptied & ~k.killed, "{kernel_task} closed the listening socket, and this connection waited in its queue"
    )
    yield shows(emptied & k.killed, "{kernel_task} {kernel_ending}, and this connection waited in its queue")
    yield shows(
        last_step & fresh & ~k.listener_killed,
        "its handshake was not complete when the listener went: {kernel_listener}",
    )
    yield excludes(
        ~emptied & k.way_known, "the kernel's stack has no inet_csk_listen_stop", "the queue of a listener was emptied"
    )
    yield refutes(k.listening & k.passive, "{kernel_listener}", "nothing listens on the port")
