"""Connections of one service end in the same way again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.incidents.kind import Kind
from whyrst.resets.timeline import mix

if TYPE_CHECKING:
    from whyrst.resets.facts import Column
    from whyrst.verdicts.judged import Judged


def by_service_and_cause(judged: Judged) -> Column:
    """Connections to one address and port whose resets have one cause."""
    return mix(judged.server_key, judged.cause)


KIND = Kind(
    id="pattern",
    rank=90,
    causes=frozenset(
        {
            "linger-zero",
            "application-abort",
            "close-with-unread-data",
            "data-after-close",
            "keep-alive-race",
            "application-timeout",
            "tls-close-notify-after-close",
            "fin-wait2-expired",
            "retransmission-timeout",
            "zero-window-giveup",
            "time-wait-reuse",
            "late-syn-ack",
            "proxy-policy",
            "mptcp-reset",
            "client-cancelled",
            "conntrack-invalid",
        }
    ),
    key=by_service_and_cause,
    least=3,
    title="the same reset again and again at {service}",
    says="{count} connections to {service} ended in the same way.",
)
