"""A device on the path forged the reset when it saw what the connection is about.

## What happened
A censor, an intrusion prevention system or a parental filter reads along. When it saw the server name in the TLS
ClientHello, the HTTP host or a word in the request, it sent resets in the name of the server to the client, often also
the other way round. The two ends did not send them.

## How to be sure
- The resets come right after the first data, and no TLS alert before them.
- They break the habits of the alleged sender: another TTL or MAC address, an IP ID or timestamp that does not fit.
- Several come at once, with the same number and rising TTL or window, or with numbers that step by 1460 and 4380.
- The real server goes on talking: its answer arrives after its alleged reset.
- Captures on both ends prove it: one received what the other never sent. A request with another name to the same
  address works.

## Easily confused with
- `tls-rejected`: the server itself refuses; an alert comes before, and the reset keeps its habits.
- `firewall-reject`: a packet filter refuses by address and port, and does so for the SYN already.
- `forged-reset`: a third party forges, but not as an answer to content.

## Fix
Find who runs the device: compare the TTL of the reset with `traceroute`. On your own network change its policy. On
others, only encryption of the name (ECH, VPN) or another route helps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.blind_reset_attack import MANY
from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, needed, proves, refutes, supports
from whyrst.fast.layout import Kind
from whyrst.fast.tables import Conn, Dir
from whyrst.resets.facts import SECOND, Fact, one_of
from whyrst.resets.mechanism import FIREWALL, FORGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Mask

CAUSE = Cause(
    id="dpi-injection",
    title="A device forged the reset on seeing the content",
    type="forged|firewall",
    fix="Find the device (compare the reset's TTL with `traceroute`) and change its policy, or encrypt the name.",
    to_be_sure="`whyrst compare` captures of both ends: it arrives at one, and none sent it; try another server name.",
    rfc=("RFC 3360", "RFC 9293 section 3.5.3"),
    kernel=("not from either host's kernel: OutRsts of the alleged sender does not rise",),
    look_alikes=("tls-rejected", "firewall-reject", "forged-reset"),
    lab="forged_after_client_hello",
)

NAMED = (Kind.TLS_CLIENT_HELLO, Kind.HTTP_REQUEST, Kind.HTTP2_PREFACE)
"""First words of a client that tell a watcher whom it calls."""
SOON = 2 * SECOND


def content_seen(r: Resets) -> Fact:
    """The last payload before was the client's hello or request, just now; unknown when no payload was captured."""
    told: Mask = one_of(r.client(Dir.LAST_KIND), NAMED)
    hidden = r.client(Dir.LAST_KIND) == Kind.HIDDEN
    fresh = (r.conn(Conn.DATA_SIDE) == 0) & (r.silences.turn < SOON) & (r.client(Dir.BYTES) > 0)
    return Fact.of(told & fresh, ~(hidden & fresh))


def judge(r: Resets) -> Iterator[Sign]:
    """A reset that is not its sender's own, right after the content that a filter looks for."""
    signs, after = r.mechanism.forger_signs, r.aftermath
    burst = after.burst_before | after.burst_after
    yield needed(
        r.mechanism.among(FORGED, FIREWALL),
        "the reset is not the {sender}'s own",
        "the reset looks like the {sender}'s own",
    )
    yield needed(
        content_seen(r),
        "it came right after the client's request or hello, before any answer",
        "it does not follow a request or hello of the client",
    )
    yield decides(
        Fact.of(signs > 1) | (burst & (after.step != 0) & (signs > 0)) | (after.sender_goes_on & (signs > 0)),
        "it breaks {signs} habits of the {sender}'s segments (TTL, IP ID, timestamps, MAC address, numbers, time)",
        "it breaks fewer than two habits of the {sender}'s segments",
    )
    yield supports(burst, "more than one reset came at once")
    yield supports(
        after.sender_goes_on,
        "the {sender} itself went on in frame {sender_after_frame}, as if it had not reset",
        "the {sender} said nothing afterwards",
    )
    yield refutes(r.progress.answered & ~burst, "the server had answered before")
    yield excludes(
        (r.sender(Dir.ALERT) > 0) | (r.peer(Dir.ALERT) > 0), "a TLS alert came before: one of the ends refused"
    )


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """What this host's TCP sent nobody else wrote."""
    k = r.kernel
    assert k is not None
    yield excludes(k.sent, "this host's own TCP sent it ({kernel_function})")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of several places: something on the way made it, right after the content."""
    assert r.compared is not None
    told = (r.sender(Dir.ALERT) > 0) | (r.peer(Dir.ALERT) > 0)
    # Only a capture that shows the server's direction tells that it had not answered; and somebody who guesses numbers
    # does not care about the content.
    unanswered = ~r.progress.answered & (r.server(Dir.PACKETS) > 0)
    guessed = (r.aftermath.of_sender >= MANY) & (r.aftermath.step != 0)
    forged = r.compared.made_between & (r.mechanism.code == FORGED)
    yield proves(forged & content_seen(r) & unanswered & ~told & ~guessed, "{compared_origin}")
    yield decides(r.compared.made_between, "the captures prove that it was made on the way")
    yield excludes(r.compared.made_at_end, "the captures prove that the {sender} sent it: {compared_origin}")
