"""The host lost its connections: it rebooted, failed over or was replaced.

## What happened
The two ends had a connection. Then one of them restarted, or another machine or container took over its address.
The new one knows nothing of the connection, so when the peer sends its next segment, TCP answers with a reset.
RFC 9293 calls this a half-open connection. The peer learns of the restart only because it spoke; until then its
connection looks healthy.

## How to be sure
- The sender of the reset says nothing for seconds before it, often while the peer repeats its segment.
- The reset is passive: its sequence number is the acknowledgement number of the segment that it answers.
- Connections to several ports of the same host get such a reset within a minute. A middlebox that forgets idle
  connections, or one crashed service, does not do that.
- No other connection of the host lives through it.
- On the host, `uptime` or `who -b` gives the time of the boot; for a cluster address, look for the failover in the
  log of keepalived or the load balancer; for a container, `kubectl describe pod` shows the restart.

## Easily confused with
- `idle-timeout`: a device on the path forgot the connection. The silence before is close to a known constant, the TTL
  of the reset is often that of the device, and other connections of the host go on.
- `fin-wait2-expired`: the host had sent a FIN before, and only that connection is gone.
- `asymmetric-route`: the host never had the connection, because its beginning went another way.

## Fix
Let clients notice a dead peer (keepalive, heartbeat or a timeout on each request) and connect again. For planned
restarts drain the connections first. A cluster that shall keep connections over a failover must replicate their state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import excludes, hints, needed, refutes, shows, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Dir
from whyrst.resets.facts import SECOND, Fact
from whyrst.resets.mechanism import PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="host-restart",
    title="The host lost its connections (reboot, failover, replaced)",
    type="passive",
    fix="Let clients notice a dead peer and connect again; drain before planned restarts; replicate connection state "
    "where a failover must keep connections.",
    to_be_sure="Compare the reset's time with `uptime -s` on the host, or with the failover log of its address.",
    rfc=("RFC 9293 section 3.5.1", "RFC 9293 section 3.10.7.1"),
    kernel=("net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, no socket for the segment",),
    counter="OutRsts",
    reasons=("NO_SOCKET", "TCP_FLAGS"),
    look_alikes=("idle-timeout", "fin-wait2-expired", "asymmetric-route"),
    lab="host_state_lost",
)

FASTEST = 2 * SECOND
"""No host boots faster; a virtual address moves to another one in about that time (VRRP: three advertisements)."""

OPEN = frozenset({"ESTABLISHED", "CLOSE_WAIT"})
"""States from which a socket does not go by itself."""


def judge(r: Resets) -> Iterator[Sign]:
    """A passive reset in the middle of a conversation, from a host that had been silent; more of them decide.

    A process that ends, however hard, leaves its kernel, which sends FIN or RST for each connection. Only where the
    kernel's own state is gone are living connections answered passively, and then all of them are.
    """
    spoke = r.sender(Dir.PACKETS) > r.sender(Dir.SYNS)
    yield needed(
        r.mechanism.among(PASSIVE) & r.trigger.prompt,
        "the {sender}'s TCP answered frame {trigger_frame} at once, as a segment that it could not place",
        "no segment shortly before asks for it",
    )
    yield needed(
        ~r.mechanism.over
        & Fact.of(r.progress.synchronized, r.progress.synchronized | spoke | r.progress.answers_connect),
        "the conversation was going on: neither end had reset it, and the {sender} had not closed",
        "the conversation had not begun, or was over",
    )
    yield needed(
        Fact.of(r.silences.sender >= FASTEST, spoke),
        "the {sender} had been silent for {sender_silence}, long enough for a restart or failover",
        "the {sender} had spoken {sender_silence} before, too short a time for a restart",
    )
    several = r.neighbours.lost_services > 1
    varied = r.silences.broken_alike < r.neighbours.lost_connections
    yield supports(Fact.of(several, spoke), "the {sender} lost connections to {lost_services} services within a minute")
    yield supports(
        Fact.of(several & varied, spoke),
        "those connections had been silent for different times, so no idle timer explains them",
        "no silences of other connections speak against an idle timer",
    )
    yield supports(
        (r.stalls.peer_repeats > 1) & (r.stalls.peer_ladder >= FASTEST),
        "the {peer} had repeated its segment {peer_repeats} times without an answer: the host was away",
        "the {peer} got no sign before that the host was away",
    )
    yield hints(
        Fact.of(r.neighbours.lost_connections > 1, spoke), "it lost {lost_connections} connections within a minute"
    )
    yield refutes(r.trigger.is_fin, "frame {trigger_frame} is a FIN, perhaps of a connection that had ended before")
    yield refutes(
        r.silences.network_constant(r.silences.broken) >= 0,
        "the silence of {broken} is close to a known idle timeout ({broken_constant})",
        "the silence is not close to any known idle timeout",
    )
    yield excludes(r.neighbours.host_lived_through, "another connection of the host lived through that time")
    yield excludes(
        r.progress.answers_connect | r.trigger.is_syn | r.trigger.is_syn_ack, "it answers an attempt to connect"
    )
    yield excludes(r.stalls.server_repeats_syn_ack, "the server had repeated its SYN-ACK: it never took the connection")
    yield excludes(r.neighbours.twin, "the {sender} holds the same ports and numbers towards another address")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A segment of a conversation found no socket. Where the recorder saw that socket end without a close, a reset or
    an error, its state was taken away (checkpoint, failover); where it has no record, the host may have been started
    since."""
    k = r.kernel
    assert k is not None
    late = k.nobody & k.asked_by(Flag.ACK, Flag.SYN | Flag.ACK)
    vanished = k.past(lambda p: p.before in OPEN and p.left is None and p.reset is None and p.error == 0)
    yield shows(late & vanished, "the socket had gone from {kernel_before} without close, reset or error")
    yield hints(late & ~k.on_record, "no connection with these addresses is on record")
    yield excludes(k.active, "a socket aborted itself")
    yield excludes(k.on_record & ~vanished & late, "the connection had ended in another way: {kernel_closed}")
    yield excludes(k.reason("TCP_TIMEWAIT_SOCKET", "TCP_ABORT_ON_DATA"), "a closed socket was still there")
