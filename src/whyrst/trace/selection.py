"""Which resets the user asked for: by process, namespace, cgroup, direction, cause, or a libpcap filter.

A filter sees the reset segment as it is on the wire: its source is the end that sends it. Where only the kernel's event
is known, a segment of its addresses is made for the filter.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from whyrst.capture.errors import FilterError
from whyrst.capture.filter import compiled
from whyrst.fast.layout import Flag, Rec
from whyrst.fast.select import bpf
from whyrst.trace.retell import RAW

if TYPE_CHECKING:
    from whyrst.kernel.event import KernelEvent

SENT = frozenset({"sent", "unseen"})
RECEIVED = frozenset({"received", "dropped"})
NAMED_NETNS = Path("/run/netns")
"""Where `ip netns` keeps its namespaces (iproute2, ip-netns(8))."""
CGROUPS = Path("/sys/fs/cgroup")
MEMORY_WORDS = 16
TCP, HOPS = 6, 64
REWALK = 1.0
"""Seconds between two walks through the cgroups."""


class SelectError(ValueError):
    """What was asked for does not exist; the message says what."""


class PacketFilter:
    """A libpcap expression on resets.

    Raises:
        FilterError: libpcap is missing or cannot compile it for bare IP packets.
    """

    def __init__(self, expression: str) -> None:
        self._program = compiled(expression, RAW)
        self._memory = np.zeros(MEMORY_WORDS, np.int64)
        self._record = np.zeros((1, Rec.COUNT), np.int64)

    def takes(self, packet: bytes) -> bool:
        """Whether it takes a packet that begins with its IP header."""
        self._record[0, [Rec.CAPTURED, Rec.WIRE, Rec.LINK]] = len(packet), len(packet), RAW
        return bool(bpf.select(self._program.data, self._memory.data, memoryview(packet), self._record.data, RAW, 1))


class Cgroup:
    """A cgroup and all below it, known by their numbers.

    Args:
        name: number, path, or path below /sys/fs/cgroup.

    Raises:
        SelectError: there is none.
    """

    def __init__(self, name: str) -> None:
        self._folder: Path | None = None
        self._known: set[int] = set()
        self._walked = 0.0
        if name.isdecimal():
            self._known.add(int(name))
            return
        folder = Path(name) if name.startswith(str(CGROUPS)) else CGROUPS / name.lstrip("/")
        if not folder.is_dir():
            raise SelectError(f"no cgroup is named {name!r}")
        self._folder = folder
        self._walk()

    def holds(self, number: int) -> bool:
        """Whether a cgroup belongs to it; groups that were made later are looked for again."""
        if number and number not in self._known and self._folder is not None and monotonic() - self._walked > REWALK:
            self._walk()
        return number in self._known

    def _walk(self) -> None:
        assert self._folder is not None
        self._walked = monotonic()
        try:
            self._known = {folder.stat().st_ino for folder in (self._folder, *self._folder.rglob("*/"))}
        except OSError:  # one that went while they were walked
            self._walked = 0.0


def netns_number(name: str) -> int:
    """Inode number of a network namespace.

    Args:
        name: the number, a path, or a name that `ip netns` knows.

    Raises:
        SelectError: there is none.
    """
    if name.isdecimal():
        return int(name)
    try:
        return (Path(name) if "/" in name else NAMED_NETNS / name).stat().st_ino
    except OSError as error:
        raise SelectError(f"no network namespace is named {name!r}: {error.strerror}") from error


@dataclass
class Selection:
    """What is wanted; what is empty does not matter.

    Attributes:
        pids: of the process whose socket it is, as far as known.
        comms: names of that process.
        netns: inode number of the network namespace, 0 for all.
        kinds: of events.
        causes: ids.
    """

    pids: frozenset[int] = frozenset()
    comms: frozenset[str] = frozenset()
    netns: int = 0
    cgroup: Cgroup | None = None
    kinds: frozenset[str] = SENT | RECEIVED
    causes: frozenset[str] = frozenset()
    expression: str | None = None
    _filter: PacketFilter | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.expression:
            self._filter = PacketFilter(self.expression)

    def wants(self, event: KernelEvent, packet: bytes = b"") -> bool:
        """Whether an event is wanted, before its cause is known.

        Args:
            event: the event.
            packet: the reset as it was seen on the wire, from its IP header on, if it was.
        """
        if event.kind not in self.kinds or (self.netns and event.netns != self.netns):
            return False
        if self.cgroup is not None and not self.cgroup.holds(event.cgroup):
            return False
        process = event.process
        if self.pids and (process is None or process.pid not in self.pids):
            return False
        if self.comms and (process is None or process.comm not in self.comms):
            return False
        return self._filter is None or self._filter.takes(packet or reset_packet(event))

    def wants_cause(self, cause: str) -> bool:
        """Whether a verdict with this cause is wanted."""
        return not self.causes or cause in self.causes


def reset_packet(event: KernelEvent) -> bytes:
    """A bare reset segment with the event's addresses, from its IP header on; empty without addresses."""
    if event.ends is None:
        return b""
    ends = event.ends if event.kind in SENT else event.ends.swapped
    (source, sport), (target, dport) = map(_endpoint, (ends.local, ends.remote))
    tcp = struct.pack(">HHIIBBHHH", sport, dport, 0, 0, 5 << 4, Flag.RST, 0, 0, 0)
    if len(source) == 4:  # noqa: PLR2004 - an IPv4 address
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, HOPS, TCP, 0) + source + target + tcp
    return struct.pack(">IHBB", 6 << 28, len(tcp), TCP, HOPS) + source + target + tcp


def _endpoint(text: str) -> tuple[bytes, int]:
    host, port = text.rsplit(":", 1)
    return ipaddress.ip_address(host.strip("[]")).packed, int(port)


__all__ = ["RECEIVED", "SENT", "Cgroup", "FilterError", "PacketFilter", "SelectError", "Selection", "netns_number"]
