"""The flight recorder: who opened and left each connection, and how its socket ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.kernel.probe import Ability

if TYPE_CHECKING:
    from whyrst.kernel.probe import Host

SEES = "how connections begin and end, and which process did it"


def can_run(host: Host) -> Ability:
    """The tracepoint sock:inet_sock_set_state."""
    if host.btf.tracepoint("inet_sock_set_state") is None:
        return Ability((), "", "the kernel has no tracepoint sock:inet_sock_set_state (4.16)")
    return Ability(("set_state",), "tracepoint sock:inet_sock_set_state")
