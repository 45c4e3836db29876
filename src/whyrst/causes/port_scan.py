"""A scanner tries ports or hosts.

## What happened
Somebody looks for open ports: an attacker, a vulnerability scanner, an inventory or monitoring tool, a search engine
of the Internet. Closed ports of the target refuse. At open ports a half-open scan stops after the SYN-ACK: the
scanner's own kernel, which knows nothing of the probe, resets it. A connect scan completes the handshake and resets
or closes at once. Stray probes (ACK, FIN, NULL, XMAS) belong to no connection at all; a closed port answers them with
a reset.

## How to be sure
- One source turns to many ports of one host, or to the same port of many hosts, within seconds, and sends no data.
- The SYNs of half-open scanners differ from those of any system: no options, or only MSS with a window of 1024 to
  4096 (nmap), or IP ID 54321 (ZMap).
- The reset follows the SYN-ACK at once, every time.
- Segments without SYN, ACK and RST (FIN alone, no flag, or FIN, PSH and URG) are sent by scanners only.
- Ask who owns the source: your own scanner has a schedule, others have an abuse contact (`whois ADDRESS`).

## Easily confused with
- `health-check`: one service, at a regular interval, from a known balancer.
- `late-syn-ack`: one service, and the SYN-ACK came after the client's timeout.
- `race-loser`: two ports of one host at once, and the other attempt goes on.
- `port-closed`: an ordinary client meets one closed port.

## Fix
Nothing is broken. If the scan is unwanted, close or filter what should not be reachable, and let an intrusion
detection system handle the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, refutes, shows, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Conn, Dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="port-scan",
    title="A scanner tries ports",
    type="passive|active",
    fix="None needed; close or filter what should not be reachable.",
    to_be_sure="Find out who owns the source address, and whether a scanner of your own ran at that time.",
    rfc=("RFC 9293 section 3.10.7.1",),
    kernel=(
        (
            "net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, NO_SOCKET on the target (closed port) or on the"
            " scanner's host (raw SYN)"
        ),
    ),
    counter="TcpOutRsts",
    reasons=("NO_SOCKET", "TCP_FLAGS"),
    look_alikes=("health-check", "late-syn-ack", "race-loser", "port-closed"),
    benign=True,
    lab="port_scan_syn",
)

SOME, MANY = 5, 10
"""Ports of one host within a minute, without a byte: some make a scan likely; many are hardly anything else."""
HOSTS = 10
"""Hosts within a minute that are tried on the same port, without a byte."""


def judge(r: Resets) -> Iterator[Sign]:
    """A refusal, a reset in place of a conversation, or the answer to a probe, and a client that does so everywhere.

    An ordinary stack cannot send a segment without SYN, ACK and RST (RFC 9293 section 3.10.4: an ACK is always set
    once a connection exists), so such a probe decides by itself.
    """
    opening, tried = r.opening, r.attempts
    alone = (r.conn(Conn.KNOWN) == 0) & (r.sender(Dir.PACKETS) == 0) & (r.peer(Dir.PACKETS) == 1)
    probe = alone & r.trigger.found & ~r.trigger.is_syn & ~r.trigger.is_syn_ack
    odd = probe & ((r.trigger.flags & (Flag.SYN | Flag.ACK | Flag.RST)) == 0)
    handmade = opening.handmade_syn.yes
    searched = tried.ports_missed * 2 >= tried.ports_tried
    wide = (tried.ports_tried >= SOME) | (tried.hosts_tried >= HOSTS)
    yield needed(
        opening.refused.yes | opening.nothing_sent | probe,
        "nothing came of it: a refusal, a reset in place of any data, or the answer to a segment without a connection",
        "a conversation had begun",
    )
    yield needed(
        wide | handmade | odd,
        "the client tried {ports_tried} ports of this host and {hosts_tried} hosts on this port within a minute, or"
        " sent what no ordinary stack sends",
        "the client tried only {ports_tried} ports of this host, with ordinary SYNs",
    )
    yield decides(
        odd
        | (handmade & ((tried.ports_tried > 1) | (tried.hosts_tried > 1)))
        | (probe & opening.scan_window & wide)
        | (opening.nothing_sent & (tried.ports_tried >= MANY) & searched & ~tried.regular.yes),
        "the client's segments are made by a scanner, or it opens port after port for nothing",
        "the client's segments could be those of an ordinary program",
    )
    yield supports(
        wide, "{ports_tried} ports of this host and {hosts_tried} hosts on this port were tried without a byte"
    )
    yield supports(tried.ports_tried >= MANY, "{ports_tried} ports of one host are more than any program needs")
    yield supports(
        (tried.ports_tried >= MANY) & tried.one_by_one,
        "each port was tried once; a program that needs them would try again",
        "ports were tried again, or only a few",
    )
    yield supports(
        opening.no_third_step & handmade, "the client's own kernel reset the SYN-ACK, for it knew nothing of the SYN"
    )
    yield supports(
        opening.handmade_syn,
        "the SYN (window {client_syn_window}) is a scanner's, not a system's",
        "the SYN is an ordinary system's",
    )
    yield refutes(
        (tried.ports_tried >= SOME) & (tried.ports_missed == 0) & ~handmade & ~odd,
        "all of these ports accepted it, so the client knew them",
        "not all of these ports accepted it",
    )
    yield refutes(tried.regular, "the client connects at a regular interval ({probe_period}), as a check does")
    yield refutes(
        tried.talked & ~handmade & ~odd,
        "the client exchanged data with this host in other connections",
        "the client has no conversation with this host",
    )
    yield excludes(r.progress.peer_fin & r.progress.sender_fin, "the connection was closed in the usual way")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A listening socket, or none, got a segment that fits no connection; or this host's own kernel, which knew nothing
    of a program's handmade SYN, refused the answer. All of it is ordinary, but not for port after port."""
    k = r.kernel
    assert k is not None
    answer = k.no_socket & k.asked_by(Flag.SYN | Flag.ACK, Flag.SYN | Flag.ACK) & ~k.on_record
    refused = k.no_socket & k.asked_by(Flag.SYN, Flag.SYN | Flag.ACK | Flag.FIN)
    odd = k.passive & k.asked_by(0, Flag.SYN | Flag.ACK | Flag.RST) & ~k.on_record
    empty = k.active & k.by_close & k.numbers(lambda n: n.bytes_sent == 0 and n.bytes_received == 0)
    many = (r.attempts.ports_tried >= MANY) & r.attempts.one_by_one & ~r.attempts.talked
    handmade = r.opening.handmade_syn.yes & ((r.attempts.ports_tried > 1) | (r.attempts.hosts_tried > 1))
    several = r.attempts.ports_answered > 1
    yield shows(odd, "no ordinary stack sends a segment with these flags to nobody")
    yield shows(answer & several, "SYN-ACKs of {ports_answered} ports came for one port of this host")
    yield shows(answer & several, "no socket of this host had asked for them: a program makes SYNs by hand")
    for fact in (refused, empty & k.past(lambda p: not p.passive)):
        yield shows(fact & (many | handmade), "one of {ports_tried} ports that were tried without a byte")
        yield shows(fact & (many | handmade), "each was tried about once, or with a SYN that no system makes")
    yield excludes(k.active & k.numbers(lambda n: n.bytes_sent + n.bytes_received > 0), "it had carried data")
    yield excludes(k.passive & k.on_record & ~k.given_up, "a connection had been open: {kernel_closed}")
