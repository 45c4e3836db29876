"""A SYN-ACK came for a SYN that this host never sent.

## What happened
A server answered a SYN that carried this host's address as source, but this host had not sent it. Its TCP knows no
such connection and resets the SYN-ACK, as it should.

Most often somebody floods servers with SYNs under forged source addresses, and this is the backscatter. Sometimes an
address is used twice, or a translator or tunnel delivers the answer to the wrong host.

## How to be sure
- The capture shows SYN-ACK and RST, and no SYN before them, although it shows other packets of this host.
- The SYN-ACKs come from many servers, often to ports that this host does not use, and are repeated when the reset is
  lost.
- It goes on for minutes or days at any time of the day.
- On the host, `ss -tn state syn-sent` shows no such connection, and no program's log mentions the servers.
- If it is always the same server, look for an address that is used twice (`arping -D ADDRESS`) or for a NAT.

## Easily confused with
- `asymmetric-route`: the host did send the SYN, but it left on a way that was not captured. Then the host would take
  the SYN-ACK, not reset it.

## Fix
None is needed on this host: its resets free the servers. Owners of networks should filter forged sources (BCP 38). If
an address is used twice, give one machine another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, refutes, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Conn
from whyrst.resets.facts import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="unsolicited-syn-ack",
    title="A SYN-ACK came for a SYN that was never sent",
    type="passive",
    fix="None on this host; if the same server sends them always, look for an address that is used twice.",
    to_be_sure=(
        "Find out whether the host sent a SYN at all: capture on the host itself, on all interfaces (`tcpdump -i any`)."
    ),
    rfc=("RFC 9293 section 3.10.7.1", "RFC 9293 section 3.5.1"),
    kernel=("net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, no socket for the SYN-ACK (NO_SOCKET)",),
    counter="TcpOutRsts",
    reasons=("NO_SOCKET", "TCP_FLAGS"),
    look_alikes=("asymmetric-route",),
    benign=True,
    lab="unsolicited_syn_ack",
)

SPREAD = 3
"""Servers within a minute whose SYN-ACKs were not asked for."""
LONGEST = 3 * MINUTE
"""A SYN-ACK is repeated for about a minute, Linux repeats a SYN for two; an older SYN has no answer left."""


def judge(r: Resets) -> Iterator[Sign]:
    """A passive reset that answers a SYN-ACK without any SYN.

    A SYN that passed unseen leaves a socket that would take the SYN-ACK. So the reset itself says that there was none:
    it was never asked for, or a client gave up whose SYN lies before the capture, which its age rules out.
    """
    yield needed(
        r.opening.never_asked,
        "the reset answers the SYN-ACK of frame {trigger_frame}, and the capture holds no SYN for it",
        "a SYN was captured, or it does not answer a SYN-ACK",
    )
    yield needed(
        r.trigger.fits_exactly,
        "it resets exactly the number that the SYN-ACK acknowledged",
        "its number is not the one that the SYN-ACK acknowledged",
    )
    yield decides(
        (r.attempts.unasked >= SPREAD) | (r.attempts.asked & (r.attempts.ran_before >= LONGEST)),
        "{unasked} servers sent this host SYN-ACKs within a minute that it had not asked for, or no SYN of it was seen"
        " for minutes",
        "it is a single one, and its SYN may lie before the capture",
    )
    yield supports(r.shape.bare, "it is a bare RST: no socket wrote it", "a socket wrote it")
    yield supports(
        r.attempts.asked & (r.attempts.ran_before > SECOND),
        "SYNs of this host to others were captured, so this one was not merely missed",
        "no other SYN of this host was captured",
    )
    yield hints(r.conn(Conn.TUNNEL) == 0, "it came without a tunnel that could lead astray")
    yield refutes(r.neighbours.twin, "the same ports and numbers belong to a connection with another address")
    yield excludes(r.progress.sender_reset_before & r.progress.synchronized, "the connection had been open")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A SYN-ACK found no socket (NO_SOCKET), and no connecting one is on record."""
    k = r.kernel
    assert k is not None
    answer = k.no_socket & k.asked_by(Flag.SYN | Flag.ACK, Flag.SYN | Flag.ACK)
    # A program that makes SYNs by hand (a scanner) leaves no record either.
    yield supports(answer, "the kernel found no socket for the SYN-ACK ({kernel_reason})")
    yield supports(answer & ~k.on_record, "no attempt of this host to connect is on record")
    yield excludes(answer & k.on_record, "this host had asked for it: {kernel_closed}")
    yield excludes(k.sent & ~answer, "it does not answer a SYN-ACK that found no socket")
