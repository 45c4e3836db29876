"""Nothing listens on the port.

## What happened
The SYN reached the host, but no program was listening on that address and port, so the host's own TCP answered with a
reset. The client's program gets "connection refused" (ECONNREFUSED) at once.

Common reasons: the service is not started, it listens on 127.0.0.1 only, it listens on IPv4 but not on IPv6, or the
client uses a wrong port or an address that now belongs to another machine.

## How to be sure
- The reset is `RST,ACK` with sequence number 0, and it acknowledges the SYN exactly (its number plus 1, plus the
  bytes that the SYN carried).
- It has the TTL of the host's other packets, and comes after about the same time.
- From Linux it repeats the TOS byte of the SYN; a packet filter would write 0.
- No connection to that port is accepted before or after.
- On the server, `ss -ltn 'sport = :PORT'` shows no listener, and `nstat TcpOutRsts` rises with each attempt. If
  `TcpOutRsts` does not rise, the host's TCP did not answer: look for a packet filter.

## Easily confused with
- `firewall-reject`: a packet filter answered in the host's place. Compare the TTL with the host's other packets, and
  the TOS byte with the SYN's.
- `no-healthy-backend`: a load balancer refuses all clients of one address because no target is up.
- `server-restart`: the port worked before and works again afterwards.
- `port-scan`: the client tries many ports and expects most of them to be closed.
- `kernel-handshake-race`: the reset answers a segment of a handshake that was already under way, not a SYN.

## Fix
Start the service, or bind it to the address that clients use (0.0.0.0 or :: instead of 127.0.0.1), or correct the
address or port in the client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, hints, needed, refutes, shows, supports
from whyrst.fast.layout import Flag, Seg
from whyrst.resets.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="port-closed",
    title="Nothing listens on the port",
    type="passive",
    fix="Start the service, bind it to the address that clients use, or correct the address or port in the client.",
    to_be_sure=(
        "On the server: `ss -ltn` must show a listener on that address and port; `nstat -az TcpOutRsts` rises with "
        "each refusal if the host's own TCP sent it."
    ),
    rfc=("RFC 9293 section 3.10.7.1", "RFC 9293 section 3.5.2"),
    kernel=("net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, no socket found (NO_SOCKET)",),
    counter="TcpOutRsts",
    reasons=("NO_SOCKET",),
    look_alikes=("firewall-reject", "no-healthy-backend", "server-restart", "port-scan", "kernel-handshake-race"),
    lab="port_closed",
)

SCAN = 5
"""Ports of one host within a minute, without a byte, from which the client may be a scanner."""
CERTAIN = 2
"""Signs that something else wrote it; one alone has harmless reasons."""
MANY = 3
"""Clients that want a port at the same time: somebody means to serve it."""


def judge(r: Resets) -> Iterator[Sign]:
    """A refusal from the host itself, of a port that never worked.

    RFC 9293 section 3.10.7.1 gives the form, the same for every stack. That the host itself wrote it is shown by its
    TTL together with what only a stack copies: the TOS byte, or a flow label that is not 0.
    """
    refused = r.opening.refused
    own_ttl = ~r.mechanism.foreign_ttl
    labelled = r.shape.v6 & r.shape.linux_passive.yes & (r.seg(Seg.FLOW) > 0)
    unlabelled = r.habits.flow_label_zero.yes & r.shape.linux_passive.yes
    copies = Fact(np.where(unlabelled, np.int8(-1), (r.habits.tos_mirrored | labelled).values))
    accepted = r.neighbours.accepted_before >= 0
    yield needed(
        refused,
        "the reset answers the SYN of frame {trigger_frame}, and the {sender} had sent nothing else",
        "the reset does not refuse a SYN",
    )
    yield needed(
        refused & r.shape.has_ack,
        "it is RST,ACK and acknowledges exactly that SYN",
        "it does not acknowledge the SYN exactly",
    )
    yield supports(refused & r.shape.window_zero & ~r.shape.has_options, "it has window 0 and no options")
    yield supports(
        r.of_others(~accepted),
        "the port had not accepted any connection before in the capture",
        "the port had accepted connections before",
    )
    yield decides(
        own_ttl & copies & r.of_others(~accepted) & (r.attempts.ports_tried < SCAN),
        "the host itself wrote it: its TTL {ttl} is that of the host's other packets, and it copies what only a stack"
        " copies",
        "nothing shows that the host itself wrote it",
    )
    yield hints(
        own_ttl, "its TTL {ttl} is that of the host's other packets", "the host's other packets have another TTL"
    )
    yield hints(copies, "it has the TOS byte or flow label of a stack, not of a packet filter")
    yield doubts(
        r.attempts.clients_refused >= MANY,
        "{clients_refused} different clients wanted this port within a minute",
        "no crowd of clients wanted this port",
    )
    yield refutes(
        (r.neighbours.accepted_before >= 0) & (r.neighbours.accepted_after >= 0),
        "the port accepted connections before and after",
        "the port did not work both before and after",
    )
    yield refutes(
        ((r.attempts.ports_tried >= 2 * SCAN) & r.attempts.one_by_one & ~r.attempts.talked)
        | r.opening.handmade_syn.yes,
        "the client tries {ports_tried} ports one after the other, or its SYN was made by a scanner",
        "the client is no scanner",
    )
    yield refutes(
        accepted & (r.neighbours.since_burst >= 0) & (r.neighbours.served_in_burst > 0),
        "the service had been there: {burst_size} of its connections ended in one instant, {since_burst} before",
        "no sudden end of a service that had worked lies before it",
    )
    yield refutes(
        r.mechanism.firewall, "something else answered in the host's place", "the host itself may have answered"
    )
    yield excludes(r.mechanism.filter_signs >= CERTAIN, "{filter_signs} signs say that the host did not write it")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A SYN found no socket (NO_SOCKET, net/ipv4/tcp_ipv4.c tcp_v4_rcv): nothing listens on that address and port."""
    k = r.kernel
    assert k is not None
    refused = k.no_socket & k.asked_by(Flag.SYN, Flag.SYN | Flag.ACK | Flag.FIN)
    yield shows(refused, "the kernel found no socket that listens on this address and port; {kernel_listener}")
    yield excludes(k.sent & ~refused, "it does not answer a SYN that found no socket")
