"""Resets that arrive and are not taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.kernel.probe import Ability

if TYPE_CHECKING:
    from whyrst.kernel.probe import Host

SEES = "resets that arrive and are dropped, and why"
WITH_REASON = 3
"""Arguments of the tracepoint since 5.17: segment, place, reason."""


def can_run(host: Host) -> Ability:
    """The tracepoint skb:kfree_skb with a reason."""
    arguments = host.btf.tracepoint("kfree_skb")
    if arguments is None or arguments < WITH_REASON:
        return Ability((), "", "tracepoint skb:kfree_skb has a reason since Linux 5.17")
    return Ability(("drop",), "tracepoint skb:kfree_skb with reason")
