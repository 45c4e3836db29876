"""Other connections of the port to which a stray segment came, from the table of its namespace.

A segment for nobody is told from a kernel's mistake, and from a packet whose address was not translated back, by what
else is open on that port at that moment (net/ipv4/tcp_ipv4.c, /proc/net/tcp).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from whyrst.kernel.derive import flags_of, reason
from whyrst.kernel.event import Ends
from whyrst.kernel.owners import MOST_ROWS, TABLES, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from whyrst.kernel.event import KernelEvent

MOST = 16
"""Connections of one port that are noted."""
SYN = 2


def wanted(event: KernelEvent) -> bool:
    """Whether it matters: a segment found no socket, is no attempt to connect, and its connection is not on record."""
    stray = event.kind == "sent" and event.past is None and event.packet is not None
    return stray and reason(event) == "NO_SOCKET" and not flags_of(event.trigger) & SYN


def twins(local: str, tables: Iterable[Iterable[str]]) -> tuple[Ends, ...]:
    """Open connections of a local address and port.

    Args:
        local: ip:port.
        tables: lines of /proc/net/tcp and tcp6.
    """
    rows = (row for table in tables for line in islice(table, MOST_ROWS) if (row := parse(line)) is not None)
    return tuple(islice((Ends(row.local, row.remote) for row in rows if row.local == local and not row.listens), MOST))


def tables_of(net: Path) -> Iterator[list[str]]:
    """The tables of a namespace; what cannot be read is left out.

    Args:
        net: its folder below /proc, see `namespaces.Namespaces.net`.
    """
    for name in TABLES:
        try:
            with (net / name).open(encoding="ascii", errors="replace") as table:
                yield list(islice(table, MOST_ROWS))
        except OSError:
            continue
