"""A third party forged the reset.

## What happened
Neither end sent this reset. A device that sees the connection (an intrusion prevention system, a mirror-port blocker,
`tcpkill`, an attacker on the path) wrote it with the address of one end and with sequence numbers that fit, and the
other end believed it.

## How to be sure
- The reset breaks habits of its alleged sender: another TTL, an IP ID out of order, no timestamps where all other
  segments have them, another source MAC address, a number that its sender had used or not reached yet.
- The alleged sender goes on with data or acknowledgements afterwards, as if nothing had happened.
- Several resets in a row carry numbers that step ahead by a window, without any data in between.
- Captures on both ends prove it: the reset arrives at one and was sent by none.

## Easily confused with
- `client-cancelled`: a host answers each segment that still arrives with one reset. Those resets share one number, and
  they keep the habits of the host.
- `dpi-injection`: the same, but as an answer to a name or a word in the client's request.
- `blind-reset-attack`: the writer does not see the connection and guesses, so the numbers are spread far and wide.

## Fix
Find the device: compare the reset's TTL and MAC address with those of the machines on the path. Take the connection off
its block list, or remove the device. TCP-AO or IPsec protects what must not be cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.blind_reset_attack import MANY
from whyrst.causes.cause import Cause
from whyrst.causes.dpi_injection import content_seen
from whyrst.causes.evidence import decides, excludes, needed, proves, refutes, supports
from whyrst.resets.facts import SECOND, Fact
from whyrst.resets.mechanism import FORGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="forged-reset",
    title="A third party forged the reset",
    type="forged",
    fix="Find the device by the reset's TTL and MAC address, and take the connection off its block list.",
    to_be_sure="`whyrst compare` captures of both ends: the reset arrives at one and was sent by none.",
    rfc=("RFC 3360", "RFC 9293 section 3.5.3", "RFC 5961 section 3"),
    kernel=("not from either host's kernel: OutRsts of the alleged sender does not rise",),
    look_alikes=("client-cancelled", "dpi-injection", "blind-reset-attack"),
    lab="forged_to_client",
)

QUIET = 29 * SECOND


def judge(r: Resets) -> Iterator[Sign]:
    """A reset that breaks its sender's habits, or that its sender contradicts by going on."""
    habits, after = r.habits, r.aftermath
    yield needed(
        Fact.of(r.mechanism.code == FORGED, (r.mechanism.code == FORGED) | habits.spoke),
        "the reset is not the {sender}'s own",
        "the reset looks like the {sender}'s own",
    )
    yield needed(r.progress.synchronized, "it is meant for a connection in progress")
    yield decides(
        r.mechanism.forger_signs > 1,
        "it breaks {signs} habits of the {sender}'s segments (TTL, IP ID, timestamps, MAC address, numbers, time)",
        "it breaks fewer than two habits of the {sender}'s segments",
    )
    yield supports(
        after.sender_goes_on,
        "the {sender} went on in frame {sender_after_frame}, as if it had not reset anything",
        "the {sender} said nothing afterwards",
    )
    yield supports(after.steps, "resets in a row step ahead by {step}, beyond all that the {sender} had sent")
    yield refutes(
        content_seen(r),
        "it came right after a request or hello: the content is the more likely reason",
        "no request or hello stands right before it",
    )
    yield refutes(r.silences.before >= QUIET, "it came out of a long silence, as a device's idle timer does")
    yield refutes(
        (after.of_sender >= MANY) & (after.step != 0), "there are {resets_of_sender} of them: somebody guesses numbers"
    )
    yield excludes(
        r.mechanism.forged.no if r.compared is None else r.mechanism.forged.no & r.compared.made_at_end.yes,
        "it keeps the habits of its sender",
    )


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """What this host's TCP sent nobody else wrote."""
    k = r.kernel
    assert k is not None
    yield excludes(k.sent, "this host's own TCP sent it ({kernel_function})")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of several places: it passed one of them, and did not leave its sender."""
    assert r.compared is not None
    guessed = (r.aftermath.of_sender >= MANY) & (r.aftermath.step != 0)
    # Both ends reset out of a silence and left at that: an idle timer does so, too.
    idle = (r.silences.before >= SECOND) & ~r.aftermath.sender_goes_on.yes & ~r.aftermath.steps
    forged = r.compared.made_between & (r.mechanism.code == FORGED)
    yield proves(forged & content_seen(r).no & ~guessed & ~idle, "{compared_origin}")
    yield decides(r.compared.made_between, "the captures prove that it was made on the way")
    yield excludes(r.compared.made_at_end, "the captures prove that the {sender} sent it: {compared_origin}")
