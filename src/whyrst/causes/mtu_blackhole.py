"""Large segments vanish on the path, small ones pass.

## What happened
A link or tunnel on the path takes only smaller packets than the ends believe. The router before it should say so with
an ICMP message (fragmentation needed, packet too big), but that message is filtered or never sent. Small segments pass,
so the handshake and short requests work; each segment of full size vanishes. Its sender repeats it until one end
gives up.

## How to be sure
- Only large segments are repeated, and none of that size was ever acknowledged in the connection.
- Smaller segments of the same side get through in the meantime: the other end answers them, often with SACK.
- `ping -M do -s 1472 HOST` fails while `ping -s 1000 HOST` works; `tracepath HOST` finds the hop.
- On Linux with `net.ipv4.tcp_mtu_probing=1` the counters TCPMTUPFail and TCPMTUPSuccess rise.

## Easily confused with
- `retransmission-timeout`: everything is lost from some moment on, whatever its size.

## Fix
Let the ICMP messages through. Where that is not possible, clamp the MSS at the tunnel (`iptables -t mangle ... TCPMSS
--clamp-mss-to-pmtu`, `ip route ... advmss`), lower the MTU of the interface, or set `net.ipv4.tcp_mtu_probing=1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, proves, shows, supports
from whyrst.resets.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="mtu-blackhole",
    title="Large segments vanish on the path",
    type="active|passive|firewall",
    fix="Let ICMP fragmentation-needed through, or clamp the MSS at the tunnel, or set net.ipv4.tcp_mtu_probing=1.",
    to_be_sure="`ping -M do -s 1472 HOST` against `ping -s 1000 HOST`, or `tracepath HOST`.",
    rfc=("RFC 2923 section 2.1", "RFC 4821", "RFC 8201"),
    kernel=("net/ipv4/tcp_timer.c: tcp_mtu_probing, retransmits of a segment of full size",),
    counter="TCPMTUPFail",
    reasons=("NO_SOCKET", "TCP_STATE"),
    look_alikes=("retransmission-timeout",),
    lab="mtu_blackhole",
)

TRIES = 2
"""Repeats of one segment that no ordinary loss explains well."""

LARGE = 1000
"""Bytes of a segment that a smaller link on the way may not pass."""


def judge(r: Resets) -> Iterator[Sign]:
    """One side repeats a large segment, had never got one of that size through, and smaller ones pass."""
    stalls = r.stalls
    mine = stalls.sender_repeats_large & (stalls.sender_repeats >= TRIES) & ~r.progress.one_sided
    theirs = stalls.peer_repeats_large & (stalls.peer_repeats >= TRIES)
    first = Fact.of(mine) & ~stalls.sender_large_passed | Fact.of(theirs) & ~stalls.peer_large_passed
    alive = (mine & stalls.peer_spoke_meanwhile) | (theirs & stalls.sender_spoke_meanwhile)
    yield needed(
        mine | theirs,
        "a segment of at least 1,000 bytes was repeated again and again",
        "no large segment was being repeated",
    )
    yield needed(first, "no segment of that size was ever acknowledged", "a segment of that size had passed before")
    yield needed(r.progress.handshake_seen | r.progress.synchronized, "small segments had passed: the handshake did")
    yield decides(
        alive,
        "the other end went on to speak meanwhile without acknowledging it: small segments pass, this one does not",
        "nothing shows that small segments passed meanwhile",
    )
    yield supports(
        (mine & stalls.sender_backs_off.yes) | (theirs & (stalls.peer_repeats > TRIES)),
        "it was repeated with growing waits and never passed",
    )
    yield hints(r.progress.sender_bytes + r.progress.peer_bytes > 0, "small payloads had passed before")
    yield excludes(r.mechanism.over, "the connection had been ended before")
    yield excludes(r.mechanism.over, "the connection had ended before; this only answers what still came")
    yield excludes(stalls.peer_window_shut | stalls.sender_window_shut, "a window was closed")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """What the socket repeated, and whether the other end was heard meanwhile: small segments pass, this one does
    not."""
    k = r.kernel
    assert k is not None
    stuck = k.past(lambda p: p.repeat_length >= LARGE and p.row >= TRIES) & k.heard_meanwhile
    ended = (k.nobody & k.timed_out) | (k.active & k.numbers(lambda n: n.retransmits >= TRIES))
    yield shows(
        stuck & ended,
        "a segment of {kernel_repeat_length} bytes had been sent {kernel_row} times again, and the other end was heard"
        " meanwhile: small segments pass, this one does not",
    )
    yield shows(stuck & ended & k.small_only, "no segment of that size had ever been acknowledged")
    yield excludes(k.nobody & ~k.timed_out, "the connection had ended in another way: {kernel_closed}")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of both ends: the large segments left one end and none reached the other."""
    assert r.compared is not None
    yield proves(
        r.compared.made_at_end & r.compared.large_dropped & ~r.mechanism.over,
        "{compared_dropped}; smaller ones arrived",
    )
