"""A packet filter answered in the host's place.

## What happened
A firewall on the path, or the packet filter of the host itself, has a rule that rejects with a TCP reset (`reject
with tcp reset` in nft, `REJECT --reject-with tcp-reset` in iptables, "reset" or "deny and reset" in appliances). It
wrote the reset in the host's name. The host's TCP never saw the segment.

The rule can hit the SYN, so that the connection is refused, or a later segment, when the rule is new or the filter
lost its state. Then the host still believes in the connection.

## How to be sure
- The reset has the form of an answer by the host (numbers copied from the answered segment, window 0, no options),
  but another TTL than the host's packets, or it comes faster than the host can answer.
- Its TOS byte is 0 although the answered segment had another one, which Linux' own TCP would have copied; over IPv6
  its flow label is 0.
- In the middle of a connection: the host never acknowledged the answered data, and goes on as if nothing had
  happened.
- On the host, `nstat TcpOutRsts` does not rise, and a capture there does not show the answered segment (or shows no
  reset leaving, if the filter is the host's own). `nft list ruleset` or `iptables -nvL` has a reject rule whose
  counter rises.

## Easily confused with
- `port-closed`: the host itself answered; same TTL as its other packets, TOS byte copied.
- `dpi-injection`: a device reacts to the content of the first data (a server name, a word), and usually forges resets
  to both ends.

## Fix
Change the rule that matches. If it must stay, `drop` would only hide it; a reset at least tells the client at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, hints, needed, proves, refutes, supports
from whyrst.fast.layout import Kind, Seg
from whyrst.fast.tables import Conn
from whyrst.resets.facts import SECOND, Fact, one_of
from whyrst.resets.mechanism import FIREWALL, FORGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="firewall-reject",
    title="A packet filter rejected it with a reset",
    type="firewall",
    fix="Find and change the rule that rejects this traffic, on the host itself or on a firewall before it.",
    to_be_sure=(
        "Capture on the server at the same time: the answered segment does not arrive, or the reset does not come from "
        "TCP (`nstat -az TcpOutRsts` does not rise, a reject rule's counter in `nft list ruleset` does)."
    ),
    rfc=("RFC 9293 section 3.5.2", "RFC 3360"),
    kernel=("net/ipv4/netfilter/nf_reject_ipv4.c: nf_send_reset, rule with reject type tcp reset",),
    counter=None,
    look_alikes=("port-closed", "dpi-injection"),
    lab="reject_on_router",
)

CERTAIN = 2
"""Signs that the host did not write it; one alone has harmless reasons."""
LONG = 30 * SECOND
"""The least idle time after which devices forget a connection."""


def judge(r: Resets) -> Iterator[Sign]:
    """The form of an answer, and a sign that the host did not write it.

    `resets.mechanism` holds those signs. Without any of them a rule of the host itself looks like a closed port, so the
    cause stays behind `port-closed`.
    """
    form = r.mechanism.passive_form
    content = one_of(r.trigger.kind, (Kind.TLS_CLIENT_HELLO, Kind.HTTP_REQUEST)) & r.trigger.has_payload
    midway = r.progress.synchronized
    unanswered = Fact.of(r.progress.peer_unacked > 0, midway & r.trigger.has_payload)
    zero_tos = r.habits.tos_mirrored.no & (r.seg(Seg.TOS) == 0) & r.shape.linux_passive.yes
    signs = r.mechanism.filter_signs
    yield needed(form, "the reset has the form of an answer that TCP gives to a segment without a connection")
    yield needed(
        Fact.of(r.trigger.fits_exactly, r.trigger.found | (r.conn(Conn.MISSING) == 0)),
        "it answers exactly the segment of frame {trigger_frame}",
        "no segment of the {peer} fits it",
    )
    yield decides(
        r.mechanism.among(FIREWALL) & (signs >= CERTAIN),
        "{filter_signs} signs tell of another writer: TTL {ttl}, TOS {tos}, the time it took, or what the"
        " host did afterwards",
        "fewer than two signs say that the host did not write it",
    )
    yield supports(
        r.mechanism.firewall, "it is not what the host itself would write", "it is what the host itself would write"
    )
    yield supports(
        Fact.of(r.mechanism.nearer, r.mechanism.foreign_ttl.known) | r.mechanism.made_here,
        "something before the host made it: {made_nearer}",
        "its TTL {ttl} does not tell it from the host's other packets",
    )
    yield supports(
        zero_tos, "its TOS byte is 0 although the answered segment had {trigger_tos}", "its TOS byte tells nothing"
    )
    yield supports(
        r.habits.flow_label_zero & r.shape.linux_passive,
        "its IPv6 flow label is 0, and the host's other packets have one",
    )
    yield hints(r.habits.too_fast, "it came after {trigger_delay}, faster than the host can answer")
    yield hints(unanswered, "the {sender} never acknowledged the answered data")
    yield doubts(
        signs == 0, "no sign tells of another writer than the host", "it bears {filter_signs} signs of another writer"
    )
    yield doubts(content, "the answered segment told what was asked for, which content filters look at")
    yield refutes(r.silences.broken >= LONG, "the connection had been idle for {broken}, which idle timers explain")
    yield refutes(r.mechanism.firewall.no, "its TTL and TOS are what the host itself would write")
    yield excludes(
        r.mechanism.sender_had_ended,
        "the {sender} had closed or reset the connection, and its host had reason to answer",
    )
    yield excludes(r.mechanism.among(FORGED), "a third party wrote it in the host's name, to end the connection")
    yield excludes(r.opening.proxy_syn_ack, "it was the SYN-ACK that came from another machine")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A reset that left this host without its TCP stack, and a reject rule whose counter rose with it. nf_send_reset
    (net/ipv4/netfilter/nf_reject_ipv4.c) writes its own packet: no tracepoint fires and OutRsts stays. Without a rule
    that rose it may as well be XDP, a raw socket or a TCP stack in user space."""
    k = r.kernel
    assert k is not None, "asked only with kernel events"
    countless = k.fact(lambda e: any(rule.rise is None for rule in e.rejects) if e.kind == "unseen" else None)
    yield proves(k.rejecting, "this host's packet filter made it: {kernel_rejects}")
    yield supports(k.unseen, "it left this host, and this host's TCP stack did not send it")
    yield supports(
        countless,
        "this host has a rule that makes such resets: {kernel_rejects}",
        "no rule without a counter makes such resets",
    )
    yield excludes(k.sent, "this host's TCP stack sent it, and no packet filter")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of several places: a device before the host answered, and what it refused went no farther.

    After a silence an idle timer explains the same.
    """
    assert r.compared is not None
    refused = r.compared.made_between & (r.mechanism.code == FIREWALL) & r.compared.trigger_arrived.no
    content = one_of(r.trigger.kind, (Kind.TLS_CLIENT_HELLO, Kind.HTTP_REQUEST)) & r.trigger.has_payload
    # Without its beginning nobody knows how long the connection had been silent.
    lively = (r.trigger.gap < SECOND) & (r.compared.silence < 1) & (r.conn(Conn.KNOWN) == 1)
    soon = r.trigger.is_syn | lively
    yield proves(refused & ~content & soon, "{compared_trigger}; {compared_origin}")
    between = r.compared.made_between
    # A rule of the host itself answers at the end, so that says nothing against one.
    yield decides(between.where(between.yes & soon), "{compared_origin}")
    yield supports(between.where(between.yes), "the captures prove that it was made on the way")
    yield supports((between & r.compared.trigger_arrived.no).where(between.yes), "{compared_trigger}")
    yield refutes(between & r.compared.trigger_arrived, "{compared_trigger}")
