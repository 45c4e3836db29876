"""Resets that the TCP stack sends: the tracepoint since Linux 6.10, its functions before.

The tracepoint got its reason, and events without a full socket, with Linux 6.10 (commits 19822a980e19, b533fb9cf4f7).
Before, it only fires for full sockets: a closed port or a segment for a connection in TIME_WAIT goes unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.kernel.probe import Ability

if TYPE_CHECKING:
    from whyrst.kernel.probe import Host

SEES = "resets that this host's TCP stack sends"
WITH_REASON = 3
"""Arguments of the tracepoint since 6.10: socket, segment, reason."""
FUNCTIONS = ("tcp_send_active_reset", "tcp_v4_send_reset", "tcp_v6_send_reset")
ENTERED = ("enter_active_reset", "enter_v4_reset", "enter_v6_reset")
PROBED = ("send_active_reset", "v4_send_reset", "v6_send_reset")
"""Programs for these functions: by BPF trampolines, and by kprobes."""


def can_run(host: Host) -> Ability:
    """The tracepoint with reason, else the functions, else the tracepoint's part."""
    arguments = host.btf.tracepoint("tcp_send_reset")
    if arguments == WITH_REASON:
        return Ability(("send_reset",), "tracepoint tcp:tcp_send_reset with reason")
    known = [k for k, name in enumerate(FUNCTIONS) if host.btf.parameters(name) is not None]
    functions = ", ".join(FUNCTIONS[k] for k in known)
    lacking = ", ".join(name for k, name in enumerate(FUNCTIONS) if k not in known)
    misses = f"the kernel has no function {lacking}" if lacking else ""
    why = "this kernel has no kprobes" if known else "it has none of these functions"
    for way, programs in (("fentry", ENTERED), ("kprobes", PROBED)):
        if not known or (way == "kprobes" and not host.kprobes):
            continue
        chosen = tuple(programs[k] for k in known)
        why = next(filter(None, map(host.refusal, chosen)), "")
        if not why:
            return Ability(chosen, f"{way} on {functions}", misses)
    if arguments is not None:
        return Ability(
            ("send_reset_full",), "tracepoint tcp:tcp_send_reset without reason",
            "answers without a full socket (closed port, TIME_WAIT): before Linux 6.10 only programs on functions see "
            f"them; {why}",
        )  # fmt: skip
    return Ability((), "", f"the kernel has no tracepoint tcp:tcp_send_reset (4.16); {why}")
