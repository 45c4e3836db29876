"""An end refused the TLS handshake.

## What happened
Client and server could not agree on TLS. One of them sent an alert that says why (an unknown authority, an expired or
missing certificate, no common version or cipher, a server name it does not know, no common protocol), and the
connection was reset after it. The other end may still have been sending its part of the handshake, which is why it
ends in a reset and not in an orderly close.

## How to be sure
- A TLS alert stands before the reset; its description names the reason. Before encryption begins it is readable; under
  TLS 1.3 a client's refusal of the certificate is a record of 24 bytes in place of its Finished message.
- TTL and IP ID of the reset continue those of its sender, so that end sent it itself.
- `openssl s_client -connect HOST:PORT -servername NAME` repeats the handshake and prints the alert.

## Easily confused with
- `dpi-injection`: a device forges a reset when it sees the server name. No alert comes before, the habits of the sender
  break, and the real server often goes on talking.

## Fix
Follow the alert: renew or complete the certificate chain (unknown_ca, certificate_expired), give the client its
certificate (certificate_required), enable a common version or cipher (protocol_version, handshake_failure), or ask for
a name that the server knows (unrecognized_name).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, doubts, excludes, needed, supports
from whyrst.fast.layout import Kind
from whyrst.fast.tables import Dir
from whyrst.resets.facts import SECOND, Fact
from whyrst.resets.mechanism import ACTIVE, PASSIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

CAUSE = Cause(
    id="tls-rejected",
    title="An end refused the TLS handshake",
    type="active|passive",
    fix="Follow the alert: certificate chain, client certificate, protocol version, cipher or server name.",
    to_be_sure="`openssl s_client -connect HOST:PORT -servername NAME` repeats the handshake and prints the alert.",
    rfc=("RFC 8446 section 6.2", "RFC 5246 section 7.2.2"),
    kernel=("net/ipv4/tcp.c: __tcp_close -> tcp_send_active_reset, unread bytes of the handshake",),
    counter="TCPAbortOnClose",
    reasons=("TCP_ABORT_ON_CLOSE", "TCP_STATE", "NO_SOCKET"),
    look_alikes=("dpi-injection",),
    lab="tls_rejected",
)

CLOSE_NOTIFY, USER_CANCELED = 0, 90
"""Alerts that do not refuse anything (RFC 8446 section 6.1)."""
SEALED_ALERT = 24
"""A TLS 1.3 alert on the wire: header 5, alert 2, inner type 1, tag 16. A Finished message takes 58 at least."""
SOON = 5 * SECOND


def refusal(get: Callable[[Dir], Column]) -> Mask:
    """The last payload of a direction was an alert in the clear that refuses."""
    alert = get(Dir.ALERT)
    description = alert & 0xFF
    says_no = (alert >= 0) & (description != CLOSE_NOTIFY) & (description != USER_CANCELED)
    return says_no & (get(Dir.LAST_KIND) == Kind.TLS_ALERT)


def sealed_refusal(get: Callable[[Dir], Column]) -> Mask:
    """The second thing that a client said, after its ClientHello, was a record as long as a sealed alert."""
    hello = get(Dir.FIRST_KIND) == Kind.TLS_CLIENT_HELLO
    segments = get(Dir.SEGMENTS)
    short = (segments == 2) | ((segments == 3) & (get(Dir.SEGMENT_MAX) > 1200))  # noqa: PLR2004 - a hello in two parts
    return hello & short & (get(Dir.LAST_KIND) == Kind.TLS_DATA) & (get(Dir.NEW_LENGTH) == SEALED_ALERT)


def judge(r: Resets) -> Iterator[Sign]:
    """An alert that refuses, and a reset of one of the two ends right after it."""
    mine, theirs = refusal(r.sender), refusal(r.peer)
    sealed = sealed_refusal(r.client)
    yield needed(
        mine | theirs | sealed,
        "a TLS alert ended the handshake before the reset",
        "no TLS alert that refuses something came before the reset",
    )
    yield needed(r.mechanism.among(ACTIVE, PASSIVE), "the {sender}'s own TCP sent the reset")
    yield decides(mine | theirs, "the alert says {alert}", "the alert cannot be read")
    yield supports(
        (mine & (r.silences.sender_data < SOON)) | ((theirs | sealed) & (r.silences.before < SOON)),
        "the reset followed the alert at once",
        "the reset came long after the alert",
    )
    yield supports(
        sealed,
        "after its ClientHello the client sent only a record of 24 bytes, the length of a sealed alert",
        "the alert stands in the clear",
    )
    yield doubts(Fact.of(r.habits.signs > 0), "the reset breaks a habit of its sender")
    yield excludes(r.mechanism.forged, "a third party wrote the reset")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """A program that refuses a handshake closes with the rest of it unread (TCP_ABORT_ON_CLOSE)."""
    k = r.kernel
    assert k is not None
    yield supports(k.active & k.by_close & ~k.exiting, "{kernel_task} closed it: {kernel_reason}")
    yield excludes(
        k.active & ~k.by_close & k.way_known, "no program closed it: {kernel_reason}", "a program may have closed it"
    )
