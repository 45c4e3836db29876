"""The service went away and came back.

## What happened
The program was stopped and started again: a deploy, a supervisor, a configuration change. When it stopped, its kernel
ended all its connections, with FIN where everything had been read and with RST where bytes were still unread. Until
the new program listened, new connections were refused. Then the service accepted again.

## How to be sure
- Many connections of one address and port end within 100 ms.
- After that, attempts to connect are refused: `RST,ACK` in answer to the SYN.
- Later the same address and port accepts connections again.
- The service's log, `systemctl status NAME` (Active: since ...) or the orchestrator's events give the time of the
  restart to the second.

## Easily confused with
- `process-crash`: the service ended in the same way but did not come back while the capture ran.
- `port-closed`: the port never worked.

## Fix
Stop accepting first, let running requests finish, then exit (drain; `preStop` and readiness checks in Kubernetes).
Hand the listening socket over (systemd socket activation, SO_REUSEPORT, or a proxy before the service), so that
nothing is refused meanwhile. Clients should retry with back-off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, refutes, shows, supports
from whyrst.fast.layout import Flag
from whyrst.resets.facts import MINUTE, MS, SECOND, Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="server-restart",
    title="The service was restarted",
    type="passive|active",
    fix=(
        "Drain before stopping, hand the listening socket over (socket activation, a proxy before it), and let clients"
        " retry."
    ),
    to_be_sure="Compare the time with the service's log or `systemctl show -p ActiveEnterTimestamp NAME`.",
    rfc=("RFC 9293 section 3.10.7.1", "RFC 9293 section 3.6.1"),
    kernel=(
        "net/ipv4/tcp.c: __tcp_close, for every socket of the program that ends",
        "net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, while nothing listens",
    ),
    counter="TCPAbortOnClose",
    reasons=("NO_SOCKET", "TCP_ABORT_ON_CLOSE"),
    look_alikes=("process-crash", "port-closed"),
    lab="server_restart",
)

SHORTEST = 20 * MS
"""No program stops and starts faster. A refusal between two accepted connections that lie closer together has another
reason: one bad target behind a balancer, or a full backlog on Windows."""
LONGEST = 30 * MINUTE
"""An absence longer than this is an outage rather than a restart."""

STOPPING = 30 * SECOND
"""Services that stop give the connections in use about this time."""


def judge(r: Resets) -> Iterator[Sign]:
    """A burst of endings, or a refusal, then acceptance again.

    Two kinds of resets belong to it: the refusals between the last connection accepted and the next one, and the
    resets of the burst itself, when refusals and then acceptance follow.
    """
    near = r.neighbours
    refused = r.opening.refused
    before, after = near.accepted_before, near.accepted_after
    gap = (before >= 0) & (after >= 0)
    away = before + after
    down = gap & (away >= SHORTEST) & (away < LONGEST)
    in_burst = r.by_server & r.progress.synchronized & (near.since_burst == 0)
    ends = in_burst & near.refuses_after_burst & (near.refused_after >= 0)
    back_later = (after >= 0) & (after < LONGEST) & (after > near.refused_after)
    yield needed(
        refused | Fact.of(ends, r.opening.refused.known),
        "the reset refuses a connection, or ends one of many that end at once and before refusals",
        "it neither refuses a connection nor ends one of many at once",
    )
    yield needed(
        Fact.of((refused.yes & down) | (ends & back_later), (after >= 0) | (r.aftermath.watched > MINUTE)).where(
            (not r.live) | (refused.yes & down) | (ends & back_later)
        ),
        "the service accepted connections before, and does again after {accepted_after}",
        "the service does not accept connections both before and after",
    )
    yield decides(
        (refused.yes & down & (near.burst_size > 0) & (near.since_burst <= before + MINUTE)) | (ends & back_later),
        "{burst_size} connections of the service ended within 100 ms; then it refused, and later accepted again",
        "no burst of endings goes with it",
    )
    yield supports(refused.yes & down, "all attempts were refused between the last one accepted and the next")
    yield hints(near.refused_near > 1, "{refused_near} attempts were refused within a minute", "it is the only refusal")
    yield refutes(
        refused.yes & r.opening.handmade_syn.yes,
        "the SYN was made by a scanner",
        "the SYN is an ordinary one",
    )
    yield excludes(r.mechanism.firewall, "something else answered in the host's place")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """The recorder saw the listening socket go, in order; then its connections are ended and new ones refused."""
    k = r.kernel
    assert k is not None
    gone = (k.listener_gone >= 0) & (k.listener_gone < LONGEST)
    refused = k.no_socket & k.asked_by(Flag.SYN, Flag.SYN | Flag.ACK | Flag.FIN)
    stopping = k.active & k.by_close & (k.listener_gone >= 0) & (k.listener_gone < STOPPING) & ~k.killed
    accepted = k.past(lambda p: p.passive) & (r.neighbours.ended_together > 1)  # a service for one client just ends
    ended = (r.neighbours.resets_of_service > 0) | (r.neighbours.served_in_burst > 0)
    back = refused & gone & ~k.listener_killed & ended
    yield shows(back, "nothing listens any more, and connections of the service were cut: {kernel_listener}")
    yield shows(stopping & accepted, "the service is stopping: {kernel_listener}")
    yield shows(back | (stopping & accepted), "a service that stops in order mostly returns")
    yield excludes(k.active & k.listening, "the service still listens: {kernel_listener}")
    yield refutes(refused & gone & k.listener_killed, "its process {kernel_listener_ending}")
