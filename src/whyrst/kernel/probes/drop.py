"""Resets that arrive and are not taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.kernel.probe import Ability

if TYPE_CHECKING:
    from whyrst.kernel.probe import Host

SEES = "resets that arrive and are dropped, and why"
WITH_REASON = 3
"""Arguments of the tracepoint since 5.17: segment, place, reason."""
CAST = "bpf_rdonly_cast"
"""With this function of Linux 6.2 a program reads a packet without calls."""


def can_run(host: Host) -> Ability:
    """The tracepoint skb:kfree_skb with a reason."""
    arguments = host.btf.tracepoint("kfree_skb")
    if arguments is None or arguments < WITH_REASON:
        return Ability((), "", "tracepoint skb:kfree_skb has a reason since Linux 5.17")
    program = "drop" if host.btf.parameters(CAST) is not None else "drop_by_calls"
    return Ability((program,), "tracepoint skb:kfree_skb with reason")
