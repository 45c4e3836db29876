"""A load balancer refuses because no target is up.

## What happened
The address belongs to a load balancer, not to a server. It has no target left that passes its health checks, so it
refuses new connections with a reset, or accepts them and ends them at once without a byte.

## How to be sure
- All clients of one address and port are refused at the same time, while other ports of the same address go on
  working.
- The reset has the balancer's own TTL (often one that starts at 255), the same for every client.
- Balancers that terminate TCP accept first: SYN, SYN-ACK, ACK, perhaps the first request, then FIN or RST, and never
  a byte from the server.
- The balancer's own state settles it: its target health page or metric (`HealthyHostCount` for AWS, "backend DOWN" in
  HAProxy's log and statistics, `ipvsadm -Ln` for IPVS). A connection to a target's own address tells whether the
  target works.

## Easily confused with
- `port-closed`: an ordinary host without a listener answers in the same form. The wire alone rarely tells the two
  apart: a crowd of clients, a TTL of an appliance and working neighbour ports speak for a balancer.

## Fix
Bring the targets back, or correct the health check that calls them down (port, path, expected status, security
group).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import doubts, excludes, hints, needed, refutes, supports
from whyrst.fast.tables import Dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="no-healthy-backend",
    title="The load balancer has no healthy target",
    type="passive|active|firewall",
    fix="Bring the targets back, or correct the health check that calls them down.",
    to_be_sure=(
        "Look at the balancer's health metrics (AWS HealthyHostCount, HAProxy `show stat`, `ipvsadm -Ln`), and "
        "connect to a target's own address."
    ),
    rfc=("RFC 9293 section 3.10.7.1",),
    kernel=(
        "net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, when the balancer runs on Linux and stopped listening",
    ),
    counter=None,
    look_alikes=("port-closed",),
    no_lab="the refusal is a decision of the balancer's make; a lab would only show how one product is programmed",
)

CROWD = 3
"""Different clients within a minute that one address and port turns away."""
APPLIANCE = 255
"""Initial TTL of many network devices, and of hardly any server."""


def judge(r: Resets) -> Iterator[Sign]:
    """Every client of one address and port is turned away while the address itself lives.

    There is no deciding sign: a popular port of an ordinary host that stopped listening looks the same. So the
    verdict is never certain.
    """
    refused = r.opening.refused
    crowd = r.attempts.clients_refused >= CROWD
    dropped_crowd = r.attempts.ended_unserved >= CROWD
    unserved = r.by_server & (r.server(Dir.BYTES) == 0) & (r.server(Dir.SYNS) > 0) & ~r.progress.sender_fin
    other_ports = r.neighbours.host_accepts > r.neighbours.accepted_near
    yield needed(
        (refused & crowd) | (unserved & dropped_crowd),
        "several clients were turned away within a minute ({clients_refused} refused, {ended_unserved} accepted and"
        " ended without a byte)",
        "it was not a crowd of clients that was turned away",
    )
    yield needed(
        r.of_others(r.attempts.served == 0),
        "the service gave nobody a byte in that minute",
        "the service gave other connections bytes in that minute",
    )
    yield supports(crowd | dropped_crowd, "many clients ask for this address and port, so it is meant to work")
    yield supports(r.habits.ttl_start == APPLIANCE, "the TTL of the reset started at 255, as a network device's does")
    yield supports(other_ports, "other ports of the same address accept connections meanwhile")
    yield hints(
        ~r.mechanism.foreign_ttl,
        "its TTL {ttl} is that of the address's other packets",
        "its TTL differs from the address's",
    )
    yield doubts(r.neighbours.dropped_at_once >= CROWD, "the connections were ended in the same milliseconds")
    yield refutes(
        r.opening.handmade_syn.yes | (r.attempts.ports_tried >= CROWD),
        "the client tries ports, so a refusal is no surprise",
        "the client is no scanner",
    )
    yield excludes(
        (r.neighbours.accepted_after >= 0) & (r.neighbours.accepted_before >= 0) & ~unserved,
        "the service accepted connections before and after",
    )


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """This host's own TCP refused: what it knows of the port says why."""
    k = r.kernel
    assert k is not None
    yield doubts(k.no_socket, "no socket listens on this address and port", "a socket took the connection")
    yield excludes(k.active & k.way_known & ~k.by_close, "the kernel gives another reason: {kernel_reason}")
