"""Somebody who cannot see the connection guesses sequence numbers.

## What happened
An attacker anywhere on the internet knows or guesses the addresses and ports of a long-lived connection (BGP is the
classic target) and sends many resets with its client's or server's address, each with another sequence number. One that
hits the window is answered with a challenge ACK by a modern TCP; only the exact number kills the connection.

## How to be sure
- Many resets with the address of one end, and with sequence numbers that are spread far beyond what that end had sent.
- No segment of the other end asks for them, and no data explains their numbers.
- The other end sends challenge ACKs, `nstat TcpExtTCPChallengeACK` rises, and the connection lives on.
- Their TTL mostly differs from that of the real end.

## Easily confused with
- `forged-reset`: the forger sees the connection; a few resets suffice, and the first one fits exactly.

## Fix
Keep the TCP implementation current (RFC 5961). Protect BGP sessions by TCP-AO or TCP MD5 and by GTSM (TTL security),
and drop packets with your own source addresses at the border. Choose source ports at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, supports
from whyrst.fast.layout import Seg
from whyrst.fast.tables import Dir, Rst
from whyrst.resets.facts import Fact, ahead
from whyrst.resets.mechanism import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="blind-reset-attack",
    title="Somebody guesses sequence numbers to cut the connection",
    type="forged",
    fix="Protect the connection by TCP-AO, TCP MD5 or TTL security, and filter spoofed addresses at the border.",
    to_be_sure="`nstat -az TcpExtTCPChallengeACK` on the end that got them; a capture at the other end shows none.",
    rfc=("RFC 5961 section 3", "RFC 4953", "RFC 5082"),
    kernel=("net/ipv4/tcp_input.c: tcp_validate_incoming -> tcp_send_challenge_ack, RST in the window but not exact",),
    counter="TCPChallengeACK",
    look_alikes=("forged-reset",),
    lab="blind_reset_attack",
)

MANY = 5
"""Injectors on the path send up to three or four resets, since they know the numbers."""


def judge(r: Resets) -> Iterator[Sign]:
    """Many resets of one address with different numbers that nothing explains."""
    after = r.aftermath
    distance = ahead(r.seg(Seg.SEQ), r.sender(Dir.NXT))
    # One of a sweep may be exact by chance, or by purpose.
    answers = r.mechanism.passive_form & r.trigger.fits_exactly & ~after.steps
    yield needed(
        after.of_sender >= MANY,
        "{resets_of_sender} resets bear the {sender}'s address",
        "few resets bear the {sender}'s address",
    )
    yield needed(
        (after.step != 0) & (r.own(Rst.RSTS_EQUAL) * 2 <= r.own(Rst.RSTS_AFTER)),
        "their sequence numbers differ, from one to the next by {step}",
        "they carry the same sequence number",
    )
    yield needed(~answers, "no segment of the {peer} asks for this one")
    yield needed(
        Fact.of(r.mechanism.code != ACTIVE) | r.mechanism.forged,
        "no socket of the {sender} wrote it",
    )
    yield decides(
        Fact.of((distance != 0) | after.steps, r.sender(Dir.NXT) >= 0) & (after.burst_before | after.burst_after),
        "they come in a row and step past the {sender}'s next number: somebody is guessing",
        "this one is exact, and no others step past it",
    )
    yield supports(
        after.challenged | after.survived,
        "the {peer} did not take it: it sent a challenge ACK or went on",
        "nothing shows that the {peer} withstood it",
    )
    yield hints(r.habits.ttl_same.no, "its TTL is not the {sender}'s")
    yield excludes(r.progress.sender_fin, "the {sender} had closed, and its host may be answering stray segments")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """What this host's TCP sent nobody else wrote."""
    k = r.kernel
    assert k is not None
    yield excludes(k.sent, "this host's own TCP sent it ({kernel_function})")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of several places: none of them left the host whose address they carry."""
    assert r.compared is not None
    yield decides(r.compared.made_between, "{compared_origin}")
    yield excludes(r.compared.made_at_end, "{compared_origin}")
