"""The flight recorder's retransmissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.kernel.probe import Ability

if TYPE_CHECKING:
    from whyrst.kernel.probe import Host

SEES = "segments that were sent again"


def can_run(host: Host) -> Ability:
    """The tracepoint tcp:tcp_retransmit_skb."""
    if host.btf.tracepoint("tcp_retransmit_skb") is None:
        return Ability((), "", "the kernel has no tracepoint tcp:tcp_retransmit_skb (4.16)")
    return Ability(("retransmit",), "tracepoint tcp:tcp_retransmit_skb")
