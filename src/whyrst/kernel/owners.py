"""Whose socket it is, from /proc: for sockets that are older than the probes, and for listeners.

A socket is known by its inode. Which process holds it stands in /proc/PID/fd, which the kernel only shows to root, to
the process's own user, or with CAP_SYS_PTRACE. One pass over all processes is slow, so it is taken once at the start
and then seldom.
"""

from __future__ import annotations

import os
import struct
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from whyrst.kernel.event import Task
from whyrst.kernel.wire import MAPPED, endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whyrst.kernel.event import KernelEvent

PROC = Path("/proc")
TABLES = ("tcp", "tcp6")
LISTEN = "0A"
"""State of a listener in /proc/net/tcp (include/net/tcp_states.h)."""
PREFIX, SUFFIX = "socket:[", "]"
MOST_FILES, MOST_ROWS = 1 << 20, 1 << 17
"""Open files and rows of tables that one pass looks at."""
AGAIN, LEISURE = 0.5, 200
"""What is not found is looked for again after half a second, or 200 times what the last pass took: storms bring many,
and the kernel goes through its whole table for a list of few sockets."""
COLUMNS = 10
V4, V6 = 8, 32
"""Hexadecimal digits of an address."""


class Row(NamedTuple):
    """One socket of /proc/net/tcp."""

    local: str
    remote: str
    listens: bool
    inode: int


class Owners:
    """Processes by socket.

    Args:
        proc: where processes stand.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._tasks: dict[int, Task] = {}
        self._inodes: dict[tuple[int, str, str], int] = {}
        self._listeners: dict[tuple[int, int], int] = {}
        self._search_due = 0.0
        self._table_due: dict[int, float] = {}

    def search(self) -> None:
        """Look at the open files of all processes. Sockets that are gone stay known, with whom they had."""
        began = time.monotonic()
        for inode, pid in islice(_sockets(self._proc), MOST_FILES):
            known = self._tasks.get(inode)
            if known is None or known.pid != pid:
                self._tasks[inode] = Task(pid, comm(self._proc / str(pid)))
        while len(self._tasks) > MOST_FILES:
            del self._tasks[next(iter(self._tasks))]
        self._search_due = _due(began)

    def read(self, netns: int, net: Path, *, listeners: bool = False) -> None:
        """Look at the sockets of a namespace.

        Args:
            netns: its number.
            net: its folder below /proc, see `namespaces.Namespaces.net`.
            listeners: only at listeners, which stand first.
        """
        began = time.monotonic()
        for name in TABLES:
            try:
                with (net / name).open(encoding="ascii", errors="replace") as table:
                    for row in islice(filter(None, map(parse, table)), MOST_ROWS):
                        if listeners and not row.listens:
                            break
                        self._take(netns, row)
            except OSError:  # no IPv6, or the namespace is gone
                continue
        while len(self._inodes) > MOST_ROWS:
            del self._inodes[next(iter(self._inodes))]
        self._table_due[netns] = _due(began)

    def _take(self, netns: int, row: Row) -> None:
        if row.listens:
            self._listeners[netns, port(row.local)] = row.inode
        elif row.inode:
            self._inodes[netns, row.local, row.remote] = row.inode

    def of(self, event: KernelEvent, net: Callable[[], Path | None] = lambda: None) -> Task | None:
        """The process that holds or held the socket of an event, as far as known; None when nobody is.

        Args:
            event: it is asked last: who acted itself and who is on the flight recorder need no search.
            net: gives the folder of its namespace below /proc, if one is known.
        """
        if event.process is not None:
            return event.process
        found = self._tasks.get(self._inode(event))
        if found is None:
            if self._wants_search(event, net):
                self.search()
            found = self._tasks.get(self._inode(event))
        return found

    def _wants_search(self, event: KernelEvent, net: Callable[[], Path | None]) -> bool:
        """Whether another pass may find more; reads the namespace's table on the way."""
        now = time.monotonic()
        if now >= self._table_due.get(event.netns, 0.0) and (path := net()) is not None:
            self.read(event.netns, path, listeners=True)
        inode = self._inode(event)
        return now >= self._search_due and inode != 0 and inode not in self._tasks

    def _inode(self, event: KernelEvent) -> int:
        """The socket of an event: its own, of a connection that was seen before, or of the port's listener."""
        if event.inode:
            return event.inode
        ends = event.ends
        if ends is None:
            return 0
        found = self._inodes.get((event.netns, ends.local, ends.remote))
        return found or self._listeners.get((event.netns, port(ends.local)), 0)


def _due(began: float) -> float:
    """When to look again after a pass that began then."""
    now = time.monotonic()
    return now + max(AGAIN, LEISURE * (now - began))


def parse(line: str) -> Row | None:
    """A line of /proc/net/tcp or tcp6 (net/ipv4/tcp_ipv4.c, get_tcp4_sock).

    None for its heading, and for what no process holds: TIME_WAIT and the like, which may be very many.
    """
    parts = line.split()
    if len(parts) < COLUMNS or parts[9] == "0" or not parts[9].isdecimal():
        return None
    local, remote = _endpoint(parts[1]), _endpoint(parts[2])
    if local is None or remote is None:
        return None
    return Row(local, remote, parts[3] == LISTEN, int(parts[9]))


def _endpoint(text: str) -> str | None:
    """An address is written as 32-bit words in the machine's byte order, the port as a number."""
    words, _, number = text.partition(":")
    if len(words) not in {V4, V6}:
        return None
    raw = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
    return endpoint(raw if len(words) == V6 else MAPPED + raw, int(number, 16))


def port(end: str) -> int:
    """Port of ip:port."""
    return int(end.rpartition(":")[2])


def comm(process: Path) -> str:
    """Name of a process; empty when it is gone."""
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError:
        return ""


def _sockets(proc: Path) -> Iterator[tuple[int, int]]:
    """Inode and pid of every socket that a process holds open, as far as we may look."""
    for process in proc.iterdir():
        if not process.name.isdecimal():
            continue
        try:
            with os.scandir(process / "fd") as files:
                for file in files:
                    inode = _inode(file.path)
                    if inode:
                        yield inode, int(process.name)
        except OSError:  # gone, or not ours to look at
            continue


def _inode(path: str) -> int:
    try:
        target = os.readlink(path)  # noqa: PTH115 - for each of very many files
    except OSError:
        return 0
    return int(target[len(PREFIX) : -1]) if target.startswith(PREFIX) and target.endswith(SUFFIX) else 0


__all__ = ["Owners", "Row", "comm", "parse", "port"]
