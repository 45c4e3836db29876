"""The client had given up connecting when the SYN-ACK came.

## What happened
The client's program waited for the connection, its timeout ran out, and it closed the socket. No segment tells the
server of that. When the SYN-ACK arrives at last, the client's kernel knows no such connection and answers with a
reset.

The SYN or the SYN-ACK was slow or lost: a long or lossy path, an overloaded server, a firewall that holds SYNs back,
or a timeout that is shorter than the round trip.

## How to be sure
- The client's reset answers a SYN-ACK that fits its SYN; its sequence number is the one which that SYN-ACK
  acknowledges.
- The SYN-ACK came late: after repeats of the SYN, or after longer than the client's connect timeout.
- From most systems the reset is a bare RST with window 0 and no options, because no socket is left.
- The client's log has a connect timeout at that time (ETIMEDOUT, "connect timed out", "i/o timeout").
- Look up the timeout: `curl --connect-timeout`, a JDBC loginTimeout, `SO_SNDTIMEO`, a dialer's deadline. It lies
  between the client's SYN and the SYN-ACK.

## Easily confused with
- `port-scan`: a scanner resets every SYN-ACK at once, and tries many ports or hosts.
- `race-loser`: the client dropped this attempt because another one won.

## Fix
Find what makes the handshake slow (capture on both ends: where is the SYN, where the SYN-ACK lost or late?). Until
then raise the connect timeout above 3 s, so that one lost SYN, which is repeated after 1 s, does not end the attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, needed, refutes, shows, supports
from whyrst.fast.layout import Flag
from whyrst.fast.tables import Dir
from whyrst.resets.facts import MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="late-syn-ack",
    title="The client had given up connecting when the answer came",
    type="passive",
    fix="Find what delays or loses the handshake; until then raise the client's connect timeout above 3 s.",
    to_be_sure=(
        "Look in the client's log for a connect timeout at that time, and compare its value with the wait for the "
        "SYN-ACK."
    ),
    rfc=("RFC 9293 section 3.10.7.1", "RFC 6298 section 5.7"),
    kernel=("net/ipv4/tcp_ipv4.c: tcp_v4_rcv -> tcp_v4_send_reset, the connecting socket was closed (NO_SOCKET)",),
    counter="TcpOutRsts",
    reasons=("NO_SOCKET",),
    look_alikes=("port-scan", "race-loser"),
    lab="late_syn_ack_timeout",
)

LATE = 50 * MS
"""Hardly any program waits less than this for a connection."""
PORTS = 5
"""Fruitless attempts at so many ports of one host are a scan."""


def judge(r: Resets) -> Iterator[Sign]:
    """A SYN-ACK that fits, came late, and met no socket.

    A socket that still waits would have answered with the third step; one that its program closes meanwhile vanishes
    without a segment (tcp_disconnect in SYN_SENT sends none), on every system. A SYN that was sent again shows that
    it was a stack that waited, since scanners send theirs by hand.
    """
    opening = r.opening
    repeated = r.client(Dir.SYNS) > 1
    whole = opening.whole_syn
    yield needed(
        opening.no_third_step,
        "the client reset the SYN-ACK of frame {trigger_frame}, which fits its SYN, instead of completing the"
        " handshake",
        "the client did not reset a SYN-ACK that fits its SYN",
    )
    yield needed(
        (r.silences.syn >= LATE) | repeated,
        "the reset came {since_syn} after the first SYN, and {syns} SYNs had been sent",
        "only {since_syn} had passed since the first SYN, which no connect timeout explains",
    )
    yield decides(
        whole & repeated & r.shape.bare & ~r.attempts.rival.yes,
        "an ordinary stack had sent its SYN {syns} times, and no socket was left when the answer came",
        "the SYN had not been repeated by an ordinary stack",
    )
    yield supports(whole, "the SYN is an ordinary system's", "the SYN is not an ordinary system's")
    yield supports(
        r.shape.bare, "it is a bare RST: no socket wrote it", "a socket wrote it, so the client had not given up"
    )
    yield doubts(
        r.attempts.rival_perhaps, "another attempt that began at the same time went on, and may have won a race"
    )
    yield doubts(r.attempts.regular, "the client connects to the service at a regular interval ({probe_period})")
    yield refutes(r.attempts.asks_again, "the client sent its SYN again afterwards, so it had not given up")
    yield refutes(
        opening.handmade_syn.yes | (r.attempts.ports_tried >= PORTS),
        "the client tries {ports_tried} ports, or its SYN was made by a scanner",
        "the client is no scanner",
    )


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A SYN-ACK found no socket (NO_SOCKET), and the recorder saw the connecting one go: tcp_close in SYN_SENT sends
    nothing (net/ipv4/tcp.c, tcp_need_reset)."""
    k = r.kernel
    assert k is not None
    answer = k.no_socket & k.asked_by(Flag.SYN | Flag.ACK, Flag.SYN | Flag.ACK)
    yield shows(answer & k.given_up, "the program had given up connecting: {kernel_closed}")
    yield excludes(k.sent & ~answer, "it does not answer a SYN-ACK that found no socket")
    yield refutes(answer & ~k.on_record, "no attempt of this host to connect is on record", "{kernel_closed}")
