"""The kernel's own counters of one network namespace, before and after: what they say about resets.

They count every reset that the TCP stack sends, so they check the probes: events seen + failed sends = counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FILES = ("snmp", "netstat")
"""Below /proc/net (net/ipv4/proc.c)."""
OWN = Path("/proc/thread-self/net")
SENT, FAILED = "OutRsts", "TCPAbortFailed"
WATCHED = (
    "OutRsts", "EstabResets", "AttemptFails", "EmbryonicRsts", "ListenOverflows", "ListenDrops", "TCPAbortOnData",
    "TCPAbortOnClose", "TCPAbortOnMemory", "TCPAbortOnTimeout", "TCPAbortOnLinger", "TCPAbortFailed", "PAWSActive",
    "PAWSEstab", "TCPTimeWaitOverflow", "TCPReqQFullDrop", "TCPChallengeACK", "TCPSYNChallenge", "TCPBacklogDrop",
    "TCPMemoryPressures", "MPTcpExtMPRstTx", "MPTcpExtMPRstRx", "MPTcpExtMPFastcloseTx", "MPTcpExtMPFastcloseRx",
)  # fmt: skip
"""Counters that rise when connections are reset or refused; those of MPTCP with their group's name."""
GROUPS = ("Tcp", "TcpExt")
"""Groups whose counters go by their bare names, as nstat's users know them."""


class Check(NamedTuple):
    """Events against counters, of one namespace.

    Attributes:
        events: resets sent that the probes saw.
        least: resets that the counter rose by, from after the probes were attached.
        most: ... from before they were attached.
        failed: counted, but not sent: no memory for the segment (tcp_send_active_reset).
    """

    events: int
    least: int
    most: int
    failed: int

    @property
    def missing(self) -> int:
        """Counted resets without an event; negative: events that were not counted. 0: they agree.

        A few may differ for a moment: counters and probes are not read at the same instant.
        """
        low, high = self.least - self.failed, self.most
        return low - self.events if self.events < low else min(high - self.events, 0)


def parse(text: str) -> dict[str, int]:
    """Counters of a file such as /proc/net/netstat: pairs of lines, names and then values of one group.

    Lines that do not pair up are left out.
    """
    found: dict[str, int] = {}
    lines = [line.split() for line in text.splitlines()]
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        if not names or names[:1] != values[:1]:
            continue
        group = names[0].rstrip(":")
        prefix = "" if group in GROUPS else group
        for name, value in zip(names[1:], values[1:], strict=False):
            if value.lstrip("-").isdecimal():
                found[prefix + name] = int(value)
    return found


def read(net: Path = OWN) -> dict[str, int]:
    """Counters of a namespace.

    Args:
        net: its folder below /proc, see `namespaces.Namespaces.net`.

    Raises:
        OSError: the folder is gone.
    """
    found: dict[str, int] = {}
    for name in FILES:
        found |= parse((net / name).read_text(encoding="ascii", errors="replace"))
    return found


def rises(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """By how much each watched counter rose; those that stayed are left out."""
    risen = {name: after[name] - before.get(name, 0) for name in WATCHED if name in after}
    return {name: rise for name, rise in risen.items() if rise}


def check(
    events: int, before: dict[str, int], attached: dict[str, int], after: dict[str, int],
    last: dict[str, int] | None = None,
) -> Check:  # fmt: skip
    """Compare the probes with the counters.

    Args:
        events: resets sent that the probes saw in this namespace.
        before: counters before the probes were attached.
        attached: counters after that.
        after: counters read after `events`.
        last: counters read before them; None: nothing was sent meanwhile.
    """
    least = sent(after if last is None else last) - sent(attached)
    return Check(events, least, sent(after) - sent(before), after.get(FAILED, 0) - before.get(FAILED, 0))


def sent(values: dict[str, int]) -> int:
    """Resets that the TCP stack sent, or tried to."""
    return values.get(SENT, 0)
