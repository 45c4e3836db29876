"""A kernel bug: early demux picked the wrong socket although NAT rewrote the packet.

## What happened
To save time Linux looks for the socket of an incoming segment before the firewall rules run (early demux). If NAT
then rewrites the segment's addresses or ports, the socket that was found may be that of another connection. The
segment is handed to the wrong socket, which answers with a challenge ACK or a reset. It needs two connections of one
client to the same backend, one direct and one through DNAT, whose translated ports clash.

## How to be sure
- The wire shows only that a host resets a SYN-ACK or another segment that fits its connection, and then tries again.
- A kernel trace decides: the socket that sent the reset has another address and port pair than the segment it
  answers.
- `sysctl net.ipv4.tcp_early_demux=0` makes it go away.
- `uname -r` names a kernel without "netfilter: nf_nat: undo erroneous tcp edemux lookup" (5.12; stable kernels of
  March 2021) or "... after port clash" (6.6). Kernels 5.10 and 6.1 have only the first.

## Easily confused with
- `conntrack-invalid`: the segment was not translated at all, so it comes from an address that the client does not
  know.

## Fix
Upgrade the kernel to 6.6 or later. Until then set `net.ipv4.tcp_early_demux=0` on hosts that do DNAT for themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import excludes, hints, needed, proves, supports
from whyrst.resets.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="kernel-early-demux-nat",
    title="Kernel bug: early demux picked the wrong socket before NAT",
    type="passive",
    fix="Upgrade to kernel 6.6 or later, or set net.ipv4.tcp_early_demux=0.",
    to_be_sure=(
        "`sudo whyrst trace` on the client's host compares the socket's "
        "addresses with the segment's; or set `sysctl net.ipv4.tcp_early_demux=0` and see whether the resets "
        "end."
    ),
    rfc=("RFC 9293 section 3.10.7.3",),
    kernel=(
        "net/ipv4/ip_input.c: ip_rcv_finish_core -> tcp_v4_early_demux; net/netfilter/nf_nat_core.c: nf_nat_inet_fn",
    ),
    counter="TcpOutRsts",
    reasons=("NO_SOCKET", "TCP_INVALID_ACK_SEQUENCE"),
    look_alikes=("conntrack-invalid",),
    wire=False,
    no_lab=(
        "kernels from 6.6 on undo the wrong lookup (nf_nat since 5.12, its port clash since 6.6); on an older one the"
        " kernel's own selftest nf_nat_edemux.sh shows it"
    ),
)


def judge(r: Resets) -> Iterator[Sign]:
    """A host resets a SYN-ACK that fits its SYN, and goes on trying: the segment met another socket.

    Which socket answered only the kernel knows, so that needed fact is unknown in every capture.
    """
    yield needed(
        r.opening.no_third_step & r.trigger.is_syn_ack & r.shape.bare,
        "the client's host reset a SYN-ACK that fits the client's SYN",
        "it does not reset a SYN-ACK that fits",
    )
    yield needed(Fact.unknown(len(r)), "the socket that answered belongs to another connection")
    yield supports(r.attempts.asks_again, "the client still wanted the connection: it sent its SYN again")
    yield hints(r.attempts.asks_again & r.shape.linux_passive, "the reset has the form of Linux' answer")
    yield excludes(r.opening.handmade_syn, "the SYN was made by a scanner")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """The socket that refused the segment is another connection's: early demux chose it before the address was
    translated back (net/ipv4/ip_input.c, ip_rcv_finish_core)."""
    k = r.kernel
    assert k is not None
    yield proves(
        k.passive & k.foreign_socket,
        "the segment is of {kernel_packet}, the socket that refused it of {kernel_socket}; {kernel_early_demux}",
    )
    yield excludes(
        k.sent & ~k.foreign_socket,
        "no socket of another connection refused it",
        "a socket of another connection refused it",
    )
    yield excludes(k.active, "a socket aborted itself")
