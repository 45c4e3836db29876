"""A device accepted the connection for a server that did not.

## What happened
A SYN proxy (a DDoS filter, a firewall's SYN protection, netfilter's SYNPROXY) answered the client's SYN in the
server's name, to let through only clients that complete the handshake. Then it turned to the server. The server
refused or knew nothing of the connection, and the client, which believed to be connected, got a reset.

## How to be sure
- The SYN-ACK has another TTL, window, set of options or MAC address than the server's other packets. Netfilter's
  SYNPROXY sends window 0 and opens it later.
- The reset comes after the last step of the handshake or the first data, before any byte from the server.
- Its TTL is the server's own.
- A capture on the server shows no handshake with this client, or a SYN that was refused.

## Easily confused with
- `accept-queue-abort`: the server itself sent the SYN-ACK, with the same TTL and habits, and dropped the connection.

## Fix
Start the service or open the port behind the proxy. If the server works, let the proxy translate sequence numbers in
both directions, or take this service out of SYN protection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes.cause import Cause
from whyrst.causes.evidence import decides, excludes, hints, needed, proves, supports
from whyrst.fast.tables import Dir
from whyrst.resets.mechanism import FORGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

CAUSE = Cause(
    id="syn-proxy",
    title="A SYN proxy accepted for a server that did not",
    type="passive|firewall",
    fix="Start the service or open the port behind the proxy, or take the service out of SYN protection.",
    to_be_sure="Capture on the server: it never saw this handshake, or refused the proxy's SYN.",
    rfc=("RFC 4987 section 3.7", "RFC 9293 section 3.10.7.1"),
    kernel=("net/netfilter/nf_synproxy_core.c: synproxy_send_client_synack (it sends no reset itself)",),
    counter="TcpOutRsts",
    reasons=("NO_SOCKET", "TCP_FLAGS"),
    look_alikes=("accept-queue-abort",),
    lab="syn_proxy",
)


def judge(r: Resets) -> Iterator[Sign]:
    """The SYN-ACK came from one machine and the reset from another, before the server had said anything.

    A firewall that rejects data after the server's own SYN-ACK shows two TTLs, too. A SYN-ACK that no server's stack
    writes (window 0, or hardly any option from another initial TTL) tells the two apart.
    """
    opening = r.opening
    yield needed(
        r.by_server & opening.server_only_answered,
        "the server's address had sent nothing but the SYN-ACK before the reset",
        "the server had sent more than a SYN-ACK",
    )
    yield needed(
        opening.answered_elsewhere,
        "the SYN-ACK had TTL {syn_ttl}, the reset has {ttl}: two machines sent them",
        "SYN-ACK and reset have the same TTL",
    )
    yield needed(
        ~r.opening.wrong_ack, "the client acknowledged what the SYN-ACK offered", "the client's answer did not fit"
    )
    yield decides(
        opening.proxy_syn_ack & opening.answered_elsewhere,
        "the SYN-ACK (window {server_syn_window}) is one that no server's stack writes",
        "the SYN-ACK could be a server's own",
    )
    yield supports(
        r.neighbours.ttl_as_elsewhere,
        "the reset's TTL is the server's in other connections",
        "the reset's TTL is not the server's",
    )
    yield hints(r.trigger.has_payload, "it answers the client's first data in frame {trigger_frame}")
    yield hints(r.attempts.dropped > 1, "{dropped} connections of the service ended like this in the same minute")
    yield excludes(r.server(Dir.BYTES) > 0, "the server had sent data")
    yield excludes(r.mechanism.among(FORGED), "a third party wrote the reset")


def judge_kernel(r: Resets) -> Iterator[Sign]:
    """At the server the proxy's own SYN is refused like any other."""
    k = r.kernel
    assert k is not None
    yield excludes(k.sent & ~k.reason("TCP_FLAGS"), "this host's TCP answered a segment of its own connection")


def judge_compared(r: Resets) -> Iterator[Sign]:
    """Captures of several places: the server never sent the SYN-ACK that the client got, and refused behind it."""
    assert r.compared is not None
    behind = r.compared.made_at_end & r.compared.accepted & r.by_server & r.progress.answers_connect
    yield proves(behind, "{compared_accepted} accepts in the server's name what the server itself refused")
