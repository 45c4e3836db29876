"""The flight recorder's acceptors: which process took a connection from the accept queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.kernel.probe import Ability

if TYPE_CHECKING:
    from whyrst.kernel.probe import Host

SEES = "which process accepts a connection"
PROGRAMS = {2: "accept2", 4: "accept4"}
"""By number of parameters: (sk, arg) since Linux 6.10, (sk, flags, err, kern) before."""


def can_run(host: Host) -> Ability:
    """Fexit on inet_csk_accept, where the kernel has BPF trampolines."""
    parameters = host.btf.parameters("inet_csk_accept")
    program = PROGRAMS.get(len(parameters)) if parameters is not None else None
    if program is None:
        return Ability((), "", "inet_csk_accept has another form in this kernel")
    why = host.refusal(program)
    if why:
        return Ability((), "", f"{why} (fexit needs BPF trampolines); owners are looked up in /proc instead")
    return Ability((program,), "fexit on inet_csk_accept")
