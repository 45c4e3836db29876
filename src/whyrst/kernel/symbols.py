"""Kernel addresses to function names, by /proc/kallsyms."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PLACE = Path("/proc/kallsyms")
ENTRIES = ("bpf_trace_run", "bpf_prog_", "bpf_trampoline", "__bpf_", "__traceiter_", "__bpf_trace_")
"""Functions between a tracepoint and its BPF program."""
WATCHED = ("tcp_reset", "tcp_send_active_reset", "tcp_v4_send_reset", "tcp_v6_send_reset")
"""Functions that probes are attached to, or whose tracepoints: the first ones that mean something."""
TEXT = frozenset("tTwW")


class Symbols:
    """Functions of the kernel and its modules.

    Attributes:
        hidden: addresses read as 0, by kernel.kptr_restrict or missing privileges; or there is no table to read.
    """

    def __init__(self, text: str | None = None) -> None:
        found = []
        for line in (_kallsyms() if text is None else text).splitlines():
            address, kind, name = line.split(maxsplit=2)
            if kind in TEXT and address.strip("0"):
                found.append((int(address, 16), name.split("\t")[0]))
        found.sort()
        self._starts = [start for start, _ in found]
        self._names = [name for _, name in found]
        self.hidden = not found

    def name(self, address: int) -> str:
        """The function that holds an address; the address itself when none is known."""
        at = bisect_right(self._starts, address) - 1
        return self._names[at] if at >= 0 else f"0x{address:x}"

    def stack(self, addresses: Iterable[int]) -> tuple[str, ...]:
        """Function names, innermost first, from the kernel's own function on.

        The innermost frames belong to the probe: BPF code, whose address may be taken for the kernel's last symbol, and
        the tracepoint's glue. Where addresses are hidden there is no stack, rather than one of unknown functions.
        """
        if self.hidden:
            return ()
        names = [self.name(address) for address in addresses]
        ours = next((k for k, name in enumerate(names[:8]) if name.startswith(WATCHED)), 0)
        if ours:
            return tuple(names[ours:])
        last = max((k for k, name in enumerate(names[:6]) if name.startswith(ENTRIES)), default=-1)
        return tuple(names[last + 1 :])


def _kallsyms() -> str:
    """The table; empty where a service's sandbox takes it away, as ProtectKernelTunables= does (systemd.exec(5))."""
    try:
        return PLACE.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
