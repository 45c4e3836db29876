"""Resets that a socket takes: tcp_reset itself where the kernel lets us, its tracepoint elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.kernel.probe import Ability

if TYPE_CHECKING:
    from whyrst.kernel.probe import Host

SEES = "resets that a socket of this host takes"


def can_run(host: Host) -> Ability:
    """The function with the segment (Linux 5.11, BPF trampolines), else the tracepoint without it."""
    parameters = host.btf.parameters("tcp_reset") or ()
    why = "tcp_reset has no segment before Linux 5.11" if "skb" not in parameters else host.refusal("take_reset")
    if not why:
        return Ability(("take_reset",), "fentry on tcp_reset")
    if host.btf.tracepoint("tcp_receive_reset") is not None:
        return Ability(
            ("receive_reset",), "tracepoint tcp:tcp_receive_reset",
            f"the segment itself, which comes from elsewhere: {why}",
        )  # fmt: skip
    return Ability((), "", f"the kernel has no tracepoint tcp:tcp_receive_reset (4.16), and {why}")
