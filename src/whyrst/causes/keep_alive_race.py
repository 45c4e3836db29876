"""An idle connection was closed just as the next request left.

## What happened
The server keeps idle connections open for some time, its keep-alive timeout. When that time was over it closed the
connection, and in the same moment the client sent its next request on it. The FIN and the request crossed on the way.
The server had closed its socket, so it answered the request with a reset. Neither side did anything wrong; both timers
simply ran out at the same time. It shows as a rare 502 or "connection reset by peer" that nobody can reproduce.

## How to be sure
- The server's FIN comes after a silence close to a known keep-alive timeout (5, 15, 60, 65, 75 s and so on).
- The request does not acknowledge that FIN, so it left before the FIN had arrived. The number of the reset is then that
  of the FIN itself.
- The two are less than one round trip apart.
- Compare the idle timeouts of both sides: the client's (or the balancer's) is as long as the server's, or longer.

## Easily confused with
- `data-after-close`: the request acknowledges the FIN, so the client's kernel knew of the close and its program did
  not look.

## Fix
Make the server keep idle connections longer than its clients and balancers use them: a few seconds more are enough
(Node.js `keepAliveTimeout`, nginx `keepalive_timeout`, gunicorn `--keepalive`, above the balancer's idle timeout). Let
clients retry requests that may be repeated safely; a request that met this reset was not worked on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, needed, refutes, supports
from whyrst.resets.facts import MS, SECOND, Fact
from whyrst.resets.mechanism import PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="keep-alive-race",
    title="An idle connection was closed just as the next request left",
    type="passive",
    fix="Set the server's keep-alive timeout a few seconds above that of its clients and balancers; retry safely.",
    to_be_sure="Compare the server's keep-alive timeout with the idle time that the client or balancer allows.",
    rfc=("RFC 9112 section 9.5", "RFC 9293 section 3.6.1"),
    kernel=("net/ipv4/tcp_input.c: tcp_rcv_state_process -> tcp_v4_send_reset, FIN_WAIT1 and data",),
    counter="TCPAbortOnData",
    reasons=("TCP_ABORT_ON_DATA", "NO_SOCKET"),
    look_alikes=("data-after-close",),
    lab="node_keepalive_race",
)

SHORTEST = SECOND - 20 * MS
"""No server's keep-alive timeout is shorter than a second; its clock and the ages of data that a kernel tells go by
ticks of up to 10 ms."""


def judge(r: Resets) -> Iterator[Sign]:
    """A server's answer to a request that had not heard of its FIN, after an idle time."""
    trigger, idle = r.trigger, r.silences.fin_idle
    yield needed(r.mechanism.among(PASSIVE), "the server's stack answered a segment that it had no use for")
    yield needed(
        r.progress.sender_fin & Fact.of(r.by_server, ~r.progress.midstream | r.progress.sender_silent),
        "the server had closed in frame {sender_fin_frame}",
        "the server had not closed before",
    )
    yield needed(trigger.fact(trigger.stray_payload), "frame {trigger_frame} brought a request of {stray_length} bytes")
    yield needed(
        ~trigger.acks_fin,
        "that request does not acknowledge the FIN: they crossed on the way",
        "frame {trigger_frame} acknowledges the FIN, so the client's kernel knew of the close",
    )
    yield decides(
        (r.silences.server_constant(idle) >= 0) & (idle >= SHORTEST),
        "the server closed after {fin_idle} of silence, a usual keep-alive timeout ({fin_idle_constant})",
        "the silence of {fin_idle} before the FIN is no usual keep-alive timeout",
    )
    yield supports(idle >= SHORTEST, "the connection had been idle when the server closed it")
    yield supports(
        Fact.of(trigger.after_fin <= r.habits.round_trip + 2 * MS, trigger.found & (r.habits.round_trip > 0)),
        "request and FIN were less than a round trip ({round_trip}) apart",
        "the request came {after_fin} after the FIN, more than a round trip",
    )
    yield refutes(
        idle < SHORTEST,
        "the connection was in use until {fin_idle} before the server closed it",
        "the connection was not in use before",
    )
    yield doubts(trigger.repeated, "frame {trigger_frame} repeats earlier bytes and is no new request")
    yield excludes(trigger.stray_notify, "the payload is no more than a TLS alert")
    yield excludes(
        r.progress.seq_after_fin & ~r.progress.sender_reset_before,
        "the number of the reset lies behind the FIN, so what it answers had acknowledged that",
    )


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A request met a socket in FIN_WAIT1: it had left before the FIN was known (TCP_ABORT_ON_DATA, or no socket when
    the first one had ended it)."""
    k = r.kernel
    assert k is not None
    yield supports(k.passive & k.reason("TCP_ABORT_ON_DATA") & k.state("FIN_WAIT1"), "the FIN was not acknowledged yet")
    yield excludes(k.active, "a socket aborted itself")
    yield excludes(k.past(lambda p: not p.passive), "this host had asked for the connection, not accepted it")
