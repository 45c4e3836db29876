"""Search for bytes of the probes' ring buffer that break what is made of them.

    python fuzz/wire.py [libFuzzer options] [CORPUS]

The kernel writes these bytes, not an attacker; but addresses, ports, numbers, names of processes and the segment that
asked are others'. So whatever stands in the cells, the event must be told, judged, and read again as it was written.
"""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["whyrst"]):
    import msgspec
    import numpy as np
    from search import search

    from whyrst.causes import all_causes
    from whyrst.kernel.event import KernelEvent
    from whyrst.kernel.wire import EVENT, FULL_SOCKET, HAS_FLOW, HAS_LISTENER, HAS_SOCKET, HAS_TRIGGER, KINDS, Reader
    from whyrst.trace.line import ends, line
    from whyrst.trace.session import verdicts

UPTIME = (1 << 58) - 1
"""Longest time since the kernel's start, ns: nine years."""
TIMES = {"flow": ("left", "ended", "repeated", "repeating", "reset"), "listener": ("opened", "closed")}
"""Cells of parts of an event that the kernel's clock fills."""
JIFFIES = (1 << 28) - 1
"""As many since the kernel's start, at one a second."""
TICKS = {"flow": ("opened", "established"), "rival": ("opened", "established")}
"""Cells that its ticks fill."""


class Names:
    """Reasons by number."""

    def reset_reason(self, number: int) -> str:
        """As enum sk_rst_reason names it."""
        return ("NOT_SPECIFIED", "NO_SOCKET", "TCP_ABORT_ON_CLOSE", "TCP_STATE")[number % 4]

    def drop_reason(self, number: int) -> str:
        """As enum skb_drop_reason names it."""
        return f"REASON_{number}"


class Symbols:
    """Functions by address."""

    def stack(self, addresses: list[int]) -> tuple[str, ...]:
        """Innermost first."""
        return tuple(("tcp_close", "tcp_disconnect", "inet_csk_listen_stop")[one % 3] for one in addresses)


READER = Reader(Names(), Symbols())  # type: ignore[arg-type]  # of another kernel


def check(data: bytes) -> None:
    """Read these bytes as an event, judge it and write it."""
    cells = np.frombuffer(data.ljust(EVENT.itemsize, b"\0"), dtype=EVENT, count=1).copy()
    cells["kind"] %= len(KINDS)
    cells["time"] &= UPTIME
    cells["jiffies"] &= JIFFIES
    for parts, most in ((TIMES, UPTIME), (TICKS, JIFFIES)):
        for part, names in parts.items():
            for name in names:
                cells[part][name] &= most
    event = READER.read(cells.tobytes())
    assert msgspec.json.decode(msgspec.json.encode(event), type=KernelEvent) == event
    ends(event, 40)
    for verdict in verdicts([event]):
        line(event, verdict.cause, verdict.confidence, verdict.harm.level, 80)
        msgspec.json.encode(verdict)


def seeds() -> list[tuple[str, bytes]]:
    """One event of each kind."""
    found = []
    for kind in range(len(KINDS)):
        one = np.zeros(1, dtype=EVENT)
        one["kind"] = kind
        one["marks"] = HAS_SOCKET | FULL_SOCKET | HAS_TRIGGER | HAS_FLOW | HAS_LISTENER
        one["before"], one["hz"], one["time"] = 1, 250, 1 << 48
        found.append((KINDS[kind], one.tobytes()))
    return found


if __name__ == "__main__":
    all_causes()
    search(check, seeds())
