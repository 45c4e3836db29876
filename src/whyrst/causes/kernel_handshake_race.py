"""A kernel bug: the socket exists, but the lookup misses it while it is being replaced.

## What happened
When a handshake completes, Linux replaces the small request by the full socket in its hash table; when a connection
closes, it replaces the socket by a TIME_WAIT entry. In kernels without the fix, a segment that another CPU handles at
that very moment finds neither. The kernel then answers a valid segment by a reset, as if there were no connection,
while the socket lives on and knows nothing of it.

## How to be sure
- SYN, SYN-ACK, ACK, then a bare RST from the server, with the server's own TTL, IP ID 0 and window 0.
- After that the server goes on with the connection: a greeting, an answer or keepalive probes, which the client
  resets.
- It happens once in many thousand connections, under load, on machines with several CPUs and queues.
- A kernel trace shows the reset with reason NO_SOCKET although `inet_sock_set_state` shows the connection becoming
  ESTABLISHED within microseconds on another CPU.
- `uname -r` names a kernel without the commits "inet: Avoid ehash lookup race in inet_ehash_insert()" and "... in
  inet_twsk_hashdance_schedule()" (mainline 6.19; in stable kernels from December 2025 on).

## Easily confused with
- `accept-queue-abort`: the server drops the connection for good and sends nothing more.
- `port-closed`: nothing listens; a SYN is refused, not a later segment.

## Fix
Upgrade the kernel. Until then clients that connect again do not notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import doubts, excludes, hints, needed, proves, supports
from whyrst.fast.layout import Flag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="kernel-handshake-race",
    title="Kernel bug: the lookup missed a socket that was being replaced",
    type="passive",
    fix="Upgrade to a kernel with the fixes of the ehash lookup races (mainline 6.19 and later stable kernels).",
    to_be_sure=(
        "`sudo whyrst trace` on the server: reason NO_SOCKET while the "
        "connection's socket exists; compare `uname -r` with the fixed versions."
    ),
    rfc=("RFC 9293 section 3.10.7.4",),
    kernel=(
        "net/ipv4/inet_hashtables.c: inet_ehash_insert, __inet_lookup_established -> tcp_v4_rcv -> tcp_v4_send_reset",
        "net/ipv4/inet_timewait_sock.c: inet_twsk_hashdance_schedule",
    ),
    counter="TcpOutRsts",
    reasons=("NO_SOCKET",),
    look_alikes=("port-closed", "accept-queue-abort"),
    no_lab=(
        "the race needs two CPUs that meet within nanoseconds, and a kernel without the fix; it cannot be made to"
        " happen"
    ),
)


def judge(r: Resets) -> Iterator[Sign]:
    """A Linux answer to the handshake's last step or first data, from a host that goes on with the connection.

    Nothing on the wire tells it from a packet filter of the host itself that rejected one segment, so no sign decides.
    """
    yield needed(
        r.opening.dropped_soon,
        "the server had sent only its SYN-ACK, and then answered frame {trigger_frame} by a bare reset",
        "the reset does not end a handshake that the server had answered",
    )
    yield needed(
        r.aftermath.sender_goes_on,
        "the server goes on with the connection (frame {sender_after_frame}) as if it had sent no reset",
        "the server sends nothing more",
    )
    yield needed(
        r.habits.ttl_same, "the reset's TTL {ttl} is the server's", "the reset's TTL {ttl} is not the server's"
    )
    yield supports(
        r.shape.linux_passive, "window, options and IP ID are those of Linux' answer to a segment without a socket"
    )
    yield hints(r.habits.link_same, "it came from the same MAC address as the server's other packets")
    yield doubts(r.attempts.dropped > 1, "{dropped} connections were dropped like this in the same minute")
    yield excludes(r.mechanism.firewall, "a packet filter wrote it")
    yield excludes(r.shape.has_options, "it has TCP options")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A segment found no socket (NO_SOCKET) although its connection is open: __inet_lookup_established ran between the
    removal of one socket and the insertion of the next (net/ipv4/inet_hashtables.c)."""
    k = r.kernel
    assert k is not None
    missed = k.no_socket & k.asked_by(0, Flag.SYN) & k.fact(lambda e: e.still_open)
    yield proves(missed, "the lookup missed the socket of an open connection; {kernel_ehash_race}")
    yield excludes(k.sent & ~k.no_socket, "the kernel gives another reason: {kernel_reason}")
    yield excludes(k.no_socket & k.on_record, "the connection had ended: {kernel_closed}")
