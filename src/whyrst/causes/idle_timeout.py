"""A device on the path forgot the idle connection.

## What happened
A load balancer, NAT or firewall keeps a table of connections and removes those that are silent for too long. Either
it resets both ends at that moment, or it waits for the next segment and answers it with a reset, because it no longer
knows where the segment belongs. The two ends did nothing wrong and may both still be up.

## How to be sure
- The connection was silent for a while, and the first segment after it was answered with a reset at once; or a reset
  came out of the silence without any segment that asks for it.
- The silence is at or above a known constant: 240 s Azure, 350 s AWS NLB and NAT gateway, 600 s Google Cloud,
  3600 s most firewalls. Over many connections the silences have a spike there, and shorter ones survive.
- The TTL of the reset differs from that of the host's own segments.
- A capture on the other end shows that the segment never arrived there and that no reset was sent.

## Easily confused with
- `host-restart`: the host itself forgot, and all its connections at once, whatever their silences.
- `fin-wait2-expired`: the host had sent a FIN and waited for the other one.
- `application-timeout`: the client was waiting for an answer and reset by itself.

## Fix
Send something more often than the device's timeout: TCP keepalive (`net.ipv4.tcp_keepalive_time`, or TCP_KEEPIDLE in
the program), or a heartbeat of the protocol. Or let connection pools drop connections that were idle for longer, or
raise the device's timeout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, proves, refutes, supports
from whyrst.resets.facts import MINUTE, SECOND, Fact
from whyrst.resets.mechanism import FIREWALL, FORGED, PASSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="idle-timeout",
    title="A device on the path forgot the idle connection",
    type="firewall|passive",
    fix="Send keepalives more often than the device's timeout, or drop pooled connections that were idle for longer.",
    to_be_sure="`whyrst compare` captures of both ends: no host sent it. Compare with the device's idle timeout.",
    rfc=("RFC 5382 section 5", "RFC 3360"),
    kernel=("not from the host's kernel: the device wrote it (OutRsts of the host does not rise)",),
    look_alikes=("host-restart", "fin-wait2-expired", "application-timeout"),
    lab="nat_idle",
)

SHORTEST = 29 * SECOND
"""The shortest idle timeout of a device in use is 30 s."""


def judge(r: Resets) -> Iterator[Sign]:
    """A silence, and then a reset that its owner did not decide on.

    Passive with the host's own TTL, it may as well be the host that forgot. What tells the device are habits that
    are not the host's, a silence at a constant, and several connections with the same one.
    """
    answered = r.mechanism.among(PASSIVE, FIREWALL) & (r.silences.broken >= SHORTEST) & r.trigger.prompt
    by_itself = r.mechanism.among(FIREWALL, FORGED) & (r.silences.before >= SHORTEST)
    wait = np.where(answered.yes, r.silences.broken, r.silences.before)
    constant = r.silences.network_constant(wait) >= 0
    yield needed(
        answered | by_itself,
        "the connection had been silent for {broken_or_silence}, and this reset ended it",
        "there was no silence that any device takes for the end",
    )
    yield needed(~r.mechanism.over, "neither end had reset the connection before, and the {sender} had not closed")
    yield needed(
        Fact.of(r.progress.synchronized & ~r.trigger.is_syn, r.progress.synchronized | (r.progress.sender_bytes > 0)),
        "the connection was established",
    )
    yield decides(
        r.mechanism.among(FIREWALL, FORGED),
        "the reset does not look like the {sender}'s own segments: another device sent it",
        "it looks like the {sender}'s own segments",
    )
    yield supports(constant, "the silence is close to a known idle timeout ({broken_constant})")
    yield supports(
        wait >= MINUTE,
        "the silence was long enough for the idle timers of most devices",
        "few devices forget a connection after so short a silence",
    )
    yield supports(
        (r.silences.broken_alike > 1) & (constant | r.mechanism.firewall.yes),
        "{broken_alike} connections were reset after the same silence",
        "no other connection was reset after the same silence",
    )
    yield refutes(
        (r.neighbours.lost_services > 1) & (r.silences.broken_alike < r.neighbours.lost_connections),
        "the {sender} lost connections to {lost_services} services within a minute, after different silences",
        "the host did not lose other connections at the same time",
    )
    yield refutes(r.aftermath.burst_before | r.aftermath.burst_after, "several resets came in a burst")
    yield excludes(r.neighbours.twin, "the {sender} holds the same ports and numbers towards another address")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """What this host's TCP sent no device wrote; it may still answer a segment that a device sent astray."""
    k = r.kernel
    assert k is not None
    yield excludes(k.active, "a socket of this host aborted itself ({kernel_reason})")
    yield excludes(k.passive & k.on_record, "this host knows how the connection had ended: {kernel_closed}")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of several places: the host of this address never sent it, so a device did."""
    assert r.compared is not None
    remapped = r.compared.astray & ~r.compared.untranslated & r.mechanism.passive_form
    yield proves(
        r.compared.trigger_arrived & remapped & (r.compared.silence >= 1),
        "after {compared_silence} of silence {compared_trigger}, but with other addresses than those of the connection,"
        " {compared_known_as}: a translator had forgotten it",
    )
    yield decides(r.compared.made_between.where(r.compared.likely_between), "{compared_origin}")
    yield supports(r.compared.trigger_arrived.no, "{compared_trigger}")
    yield refutes(r.compared.made_at_end & ~r.compared.astray, "{compared_origin}")
