"""A packet skipped address translation, so its receiver saw a stranger.

## What happened
The client talks to a service address, and a NAT (kube-proxy, IPVS, a load balancer) translates it to a backend and
back. Connection tracking took one packet of the backend for INVALID, mostly because it lay outside the window after
losses or was a late duplicate, and let it pass without translating it. The client gets a segment from an address that
it never connected to, and its TCP resets that. The reset reaches the backend, which drops the real connection.

## How to be sure
- The client resets an address to which it never sent a SYN.
- Its port and the sequence numbers are those of another connection of the same client, to the service's address.
- `conntrack -S` on the node shows `invalid` rising; rules that log `ctstate INVALID` show the packet.

## Easily confused with
- `kernel-early-demux-nat`: a kernel bug hands the packet to a wrong socket; only the kernel's event can tell.
- `asymmetric-route`: the packets of one direction take a way around the NAT, so all of them come from the stranger.

## Fix
Drop INVALID packets before they leave the node (kube-proxy does so for forwarded packets; check KUBE-FORWARD), or let
tracking be liberal: `sysctl net.netfilter.nf_conntrack_tcp_be_liberal=1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, proves, refutes, shows, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Dir
from whyrst.resets.facts import Fact
from whyrst.resets.mechanism import PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="conntrack-invalid",
    title="A packet skipped address translation (conntrack INVALID)",
    type="passive",
    fix="Drop packets that conntrack calls INVALID, or set net.netfilter.nf_conntrack_tcp_be_liberal=1.",
    to_be_sure="`conntrack -S` on the node (the `invalid` column), or a rule that logs ctstate INVALID.",
    rfc=("RFC 9293 section 3.10.7.1", "RFC 3360"),
    kernel=(
        "net/netfilter/nf_conntrack_proto_tcp.c: nf_conntrack_tcp_packet, tcp_in_window fails",
        "net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, NO_SOCKET",
    ),
    counter="OutRsts",
    reasons=("NO_SOCKET",),
    look_alikes=("kernel-early-demux-nat", "asymmetric-route"),
    lab="conntrack_invalid",
)


def judge(r: Resets) -> Iterator[Sign]:
    """A passive reset to a stranger, whose twin connection with the same port and numbers is in the capture."""
    stranger = (r.sender(Dir.PACKETS) == 0) & ~r.trigger.is_syn
    yield needed(r.mechanism.among(PASSIVE), "the {sender}'s TCP answered a segment that it could not place")
    yield needed(stranger, "the {sender} had never sent anything to that address before")
    yield needed(
        r.neighbours.twin,
        "its port and sequence number are those of its connection to another address",
        "no connection with this port and these numbers to another address is in the capture",
    )
    yield decides(
        Fact.of(r.neighbours.twin.yes & stranger, r.neighbours.twin.known),
        "one segment of that other connection came from here, with its address not translated back",
        "there is no other connection that the segment may belong to",
    )
    yield supports(r.trigger.has_payload, "frame {trigger_frame} carries payload in the middle of a conversation")
    yield refutes(r.trigger.is_syn_ack, "frame {trigger_frame} is a SYN-ACK")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A segment found no socket, although its port belongs to a connection of this host with another address."""
    k = r.kernel
    assert k is not None
    stray = k.no_socket & k.asked_by(Flag.ACK, Flag.SYN | Flag.ACK)
    twin = k.fact(lambda e: True if e.twins else None)  # it may be gone when somebody looks
    yield shows(stray & ~k.on_record & twin, "its port is in use by a connection to another address: {kernel_twins}")
    yield excludes(k.active, "a socket aborted itself")
    yield excludes(k.sent & ~k.no_socket, "the kernel gives another reason: {kernel_reason}")
    yield excludes(k.on_record & k.no_socket, "this host knew the connection: {kernel_closed}")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of several places: the segment that it answers is one of a connection with other addresses here."""
    assert r.compared is not None
    stray = r.compared.astray & r.compared.untranslated & r.mechanism.passive_form & ~r.trigger.is_syn
    yield proves(
        r.compared.made_at_end & stray & r.compared.trigger_arrived,
        "here that connection is one between {compared_known_as}; {compared_trigger} with other addresses",
    )
