"""One end, or a device on the path, saw only half of the conversation.

## What happened
The two directions of a connection took different ways, or its segments reached another host than its beginning did:
after a routing change, with two gateways, with ECMP or anycast, behind a load balancer whose table changed. A host or
stateful device that gets segments of a connection it never saw begin answers with resets, or drops them.

## How to be sure
- The sender of the resets said nothing else in that connection, and the capture holds no handshake of it, although the
  capture had been running for a while.
- Other connections of the same host work at the same time.
- `traceroute --tcp` from both ends shows different ways; captures on both gateways show one direction each.

## Easily confused with
- `host-restart`: the host did have the connection and lost it; then it had spoken in it before.
- `conntrack-invalid`: single packets come past a NAT, while the rest of the connection is translated.
- `unsolicited-syn-ack`: only a SYN-ACK came, for a SYN that this host never sent.

## Fix
Make the routes symmetric, or synchronize the state of the devices. For anycast and ECMP keep each connection on one
way (hash by the connection), and for one host with two interfaces use source-based routing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import excludes, hints, needed, refutes
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Conn, Dir, Log
from whyrst.resets.facts import SECOND
from whyrst.resets.mechanism import FIREWALL, PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="asymmetric-route",
    title="Only half of the conversation came this way",
    type="passive|firewall",
    fix="Make the routes symmetric, or let the devices share their state; keep each connection on one way.",
    to_be_sure="`traceroute --tcp` from both ends, or captures on both ways: each holds one direction.",
    rfc=("RFC 9293 section 3.5.2", "RFC 9293 section 3.10.7.1"),
    kernel=("net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, NO_SOCKET or TCP_FLAGS (a listener got an ACK)",),
    counter="OutRsts",
    reasons=("NO_SOCKET", "TCP_FLAGS"),
    look_alikes=("host-restart", "conntrack-invalid", "unsolicited-syn-ack"),
    lab="asymmetric_route",
)

RUNNING = 5 * SECOND
"""A capture that ran this long before would likely hold the handshake, were it to come this way."""


def judge(r: Resets) -> Iterator[Sign]:
    """Resets are all that one end says in a connection whose beginning the running capture does not hold.

    That a long-lived connection began before the capture looks the same, so it never becomes more than possible.
    """
    only_resets = r.sender(Dir.PACKETS) == 0
    began = int(r.neighbour(Log.T_FIRST).min()) if r.lines else 0
    running = r.conn(Conn.FIRST_TIME) - began >= RUNNING
    yield needed(r.mechanism.among(PASSIVE, FIREWALL), "the reset answers a segment that its sender could not place")
    yield needed(
        r.of_others(r.progress.midstream & only_resets),
        "the capture holds no handshake of it, and nothing of the {sender} but resets",
        "the {sender} had spoken in this connection, or its handshake came this way",
    )
    middle = r.trigger.has_payload | r.trigger.is_bare_ack | r.trigger.probe | r.trigger.is_fin
    yield needed(
        r.trigger.prompt & middle,
        "it came at once after frame {trigger_frame}, which belongs to the middle of a conversation",
        "no segment of a conversation shortly before asks for it",
    )
    yield hints(running, "the capture had been running before the connection's first segment in it")
    yield refutes(r.trigger.is_fin, "frame {trigger_frame} is a FIN, perhaps the last of a connection that had ended")
    yield excludes(r.neighbours.twin, "the {sender} holds the same ports and numbers towards another address")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A segment from the middle of a conversation that this host never began: no socket (NO_SOCKET), or a listening
    one."""
    k = r.kernel
    assert k is not None
    stray = k.nobody & k.asked_by(Flag.ACK, Flag.SYN | Flag.ACK)
    yield hints(stray & ~k.on_record, "no connection with these addresses is on record")
    yield excludes(k.active, "a socket aborted itself")
    yield excludes(k.on_record, "this host knew the connection: {kernel_closed}")
