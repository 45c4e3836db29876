"""Resets that the TCP stack sends: the tracepoint since Linux 6.10, kprobes before.

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
FUNCTIONS = {
    "send_active_reset": "tcp_send_active_reset",
    "v4_send_reset": "tcp_v4_send_reset",
    "v6_send_reset": "tcp_v6_send_reset",
}


def can_run(host: Host) -> Ability:
    """The tracepoint with reason, else the functions, else the tracepoint's part."""
    arguments = host.btf.tracepoint("tcp_send_reset")
    if arguments == WITH_REASON:
        return Ability(("send_reset",), "tracepoint tcp:tcp_send_reset with reason")
    known = {name: p for p, name in FUNCTIONS.items() if host.btf.parameters(name) is not None}
    why = "this kernel has none"
    if host.kprobes and known:
        why = host.refusal("send_active_reset")
        if not why:
            lacking = [name for name in FUNCTIONS.values() if name not in known]
            misses = f"the kernel has no function {', '.join(lacking)}" if lacking else ""
            return Ability(tuple(known.values()), f"kprobes on {', '.join(known)}", misses)
    if arguments is not None:
        return Ability(
            ("send_reset_full",), "tracepoint tcp:tcp_send_reset without reason",
            f"answers without a full socket (closed port, TIME_WAIT): before Linux 6.10 only kprobes see them; {why}",
        )  # fmt: skip
    return Ability((), "", f"the kernel has no tracepoint tcp:tcp_send_reset (4.16), and kprobes cannot be used: {why}")
