"""Two attempts to connect raced, and this one lost.

## What happened
Clients often try two ways at once and keep the faster: IPv6 and IPv4 (happy eyeballs), several addresses of one name,
or two ports of one host (Windows asks for file sharing on 445 and 139). Browsers also race QUIC, which runs over UDP
and does not show here, against TCP. When one attempt has won, the client drops the other. If the loser was open
already, its socket is reset or closed; if it was still connecting, the client's kernel resets the late SYN-ACK.

## How to be sure
- Another attempt of the same client began within 300 ms, and carries data.
- The lost connection carried no byte.
- The reset comes from the client, soon after the other attempt was accepted.
- The client's documentation names the race: RFC 8305 for browsers and curl, the SMB client of Windows, the dialer of
  Go.

## Easily confused with
- `late-syn-ack`: no other attempt won; the client just stopped waiting.
- `port-scan`: many ports, and none of them carries data.

## Fix
Nothing is broken. If the noise matters, mend the slower way (broken IPv6, a closed second port), or turn the race
off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, refutes, shows, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Dir
from whyrst.resets.facts import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="race-loser",
    title="Another attempt to connect won the race",
    type="active|passive",
    fix="None needed: it is how the client chooses the faster way.",
    to_be_sure="Look at the client's other connections of the same moment: one of them carries the conversation.",
    rfc=("RFC 8305 section 5",),
    kernel=(
        "net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, the connecting socket was closed (NO_SOCKET)",
        "net/ipv4/tcp.c: tcp_disconnect -> tcp_send_active_reset, the open socket was closed with SO_LINGER 0",
    ),
    counter="TcpOutRsts",
    reasons=("NO_SOCKET", "TCP_STATE"),
    look_alikes=("late-syn-ack", "port-scan"),
    benign=True,
    lab="happy_eyeballs",
)

SHORT = 5 * SECOND
"""A race is decided within seconds."""
PORTS = 5
"""Fruitless attempts at so many ports of one host are a scan."""


def judge(r: Resets) -> Iterator[Sign]:
    """An empty connection that the client drops while its sibling carries the conversation.

    A sibling at the same address and port is weak, because clients open several connections there for other reasons;
    one at another port or over the other IP version, begun within the 300 ms of a race, decides.
    """
    yield needed(
        r.opening.nothing_sent,
        "the client reset the connection before a byte was sent in it",
        "the connection had carried data, or the server reset it",
    )
    yield needed(
        r.neighbours.sibling.where(r.neighbours.sibling.yes | (not r.live)),
        "another attempt of the client began within 300 ms and went on",
        "no other attempt of the client began at the same time",
    )
    yield decides(
        r.attempts.rival,
        "that attempt went to another port of the host, or over the other IP version",
        "no attempt at another port or over the other IP version won",
    )
    yield supports(r.silences.start < SHORT, "it was dropped {age} after its first segment")
    yield hints(
        ~r.opening.handmade_syn & (r.client(Dir.SYNS) == 1),
        "its SYN is an ordinary system's, and had not been repeated",
    )
    yield refutes(r.attempts.regular, "the client opens empty connections at a regular interval ({probe_period})")
    yield refutes(r.attempts.ports_tried >= PORTS, "the client tried {ports_tried} ports without a byte")
    yield excludes(r.opening.handmade_syn, "the SYN was made by a scanner")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """The same process had begun another connection within the 300 ms of a race (RFC 8305), and that one was open when
    this one was given up, before its answer or without a byte."""
    k = r.kernel
    assert k is not None
    empty = k.active & k.by_close & k.numbers(lambda n: n.bytes_sent == 0 and n.bytes_received == 0)
    answer = k.no_socket & k.asked_by(Flag.SYN | Flag.ACK, Flag.SYN | Flag.ACK) & k.given_up
    lost = (empty | answer) & k.rival & k.past(lambda p: not p.passive)
    yield shows(lost, "{kernel_rival}")
    yield shows(lost, "this one was given up without a byte")
    yield excludes(k.sent & ~(empty | answer), "the connection was in use")
    yield refutes((empty | answer) & ~k.rival, "its process had no other attempt at the same time")
