"""A health check opened the connection and reset it on purpose.

## What happened
A load balancer or a monitoring system checks whether the port answers. It opens a connection and, as it wants no
conversation, ends it by a reset, which spares both sides TIME_WAIT. Some checks do not even complete the handshake:
HAProxy's TCP check answers the SYN-ACK with `RST,ACK`.

## How to be sure
- The same source connects to the same port at a regular interval, often 2, 5, 10 or 30 seconds.
- No byte is sent in either direction.
- The reset comes from the client, right after the SYN-ACK or the handshake.
- The source is the address of a balancer or monitor; its configuration has the interval (`inter` in HAProxy, the
  target group's interval in AWS).

## Easily confused with
- `port-scan`: many ports or hosts, and no rhythm.
- `linger-zero`: a client that resets after a real exchange.

## Fix
Nothing is broken. If the resets fill the server's log, use a check that speaks the protocol (an HTTP check), and
leave these resets out of alarms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, hints, needed, refutes, supports
from whyrst.resets.facts import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="health-check",
    title="A health check ended its own connection",
    type="active|passive",
    fix="None needed; use a check that speaks the protocol if the resets disturb.",
    to_be_sure="Compare the source address and the interval with the balancer's health check.",
    rfc=("RFC 9293 section 3.10.5",),
    kernel=("net/ipv4/tcp.c: __tcp_close -> tcp_disconnect -> tcp_send_active_reset, SO_LINGER 0 (TCP_STATE)",),
    counter="TCPAbortOnData",
    reasons=("TCP_STATE",),
    look_alikes=("port-scan", "linger-zero"),
    benign=True,
    lab="haproxy_health_check",
)

SHORT = 10 * SECOND
"""A check gives up after this time at the latest."""
PORTS = 5
"""Fruitless attempts at so many ports of one host are a scan."""


def judge(r: Resets) -> Iterator[Sign]:
    """Empty connections that a client resets at a regular interval.

    `RST,ACK` in the place of the handshake's third step needs a socket that was told to abort while it was being
    opened. Programs do so on purpose only; a client that merely gave up leaves no socket, and its kernel sends a bare
    RST.
    """
    opening = r.opening
    yield needed(
        opening.nothing_sent,
        "the client reset the connection before a byte was sent in it",
        "the connection had carried data, or the server reset it",
    )
    yield needed(
        r.attempts.regular,
        "the client opens such connections to the service every {probe_period}",
        "the client's empty connections to the service keep no rhythm",
    )
    yield decides(
        r.attempts.regular & (r.silences.start < SHORT),
        "it does so every {probe_period}, and each time for {age} only",
        "no rhythm shows a check",
    )
    yield supports(r.shape.has_ack, "a socket wrote the reset: it was done on purpose", "no socket wrote the reset")
    yield supports(
        opening.no_third_step & r.shape.has_ack,
        "it came in the place of the handshake's last step, as TCP checks do",
        "the handshake was completed",
    )
    yield hints(r.silences.start < SECOND, "the whole connection lasted {age}")
    yield doubts(r.neighbours.sibling, "another attempt of the client at the same moment carries data")
    yield refutes(
        opening.no_third_step & r.shape.bare & opening.whole_syn.yes,
        "no socket was left when the SYN-ACK came, as after a client's timeout",
        "a socket was still there, or the SYN is not a stack's",
    )
    yield refutes(r.attempts.ports_tried >= PORTS, "the client tried {ports_tried} ports of the host without a byte")
    yield excludes(r.progress.midstream, "the beginning of the connection was not captured")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A check's own close with SO_LINGER 0, of a connection without a byte, again and again."""
    k = r.kernel
    assert k is not None
    empty = k.active & k.by_close & k.numbers(lambda n: n.bytes_sent == 0 and n.bytes_received == 0)
    yield decides(empty & r.attempts.regular, "{kernel_task} opens and resets such connections in a rhythm")
    yield supports(empty & k.numbers(lambda n: n.lingers), "SO_LINGER 0 was set before any use")
    yield excludes(k.active & ~empty, "the connection had carried data")
