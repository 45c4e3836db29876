"""A host of a script: an address, an operating system, a place on the path."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, ip_address

from whyrst.lab.wire.habits import HABITS, Habit


@dataclass(eq=False)
class Host:
    """A host; its counters and clocks go on over all its conversations."""

    address: str
    os: str = "linux"
    ttl: int | None = None
    """Initial TTL where it is not the operating system's."""
    hops: int = 0
    """Routers between the host and a tap that is not at the host."""
    mac: str | None = None
    boot: float = -1_000_000.0
    """When the timestamp clock started, seconds on the capture's clock; a restart moves it."""
    tos: int = 0
    changes: dict[str, object] = field(default_factory=dict)
    """Habits that differ from the operating system's, by field name of `Habit`."""

    def __post_init__(self) -> None:
        self.ip: IPv4Address | IPv6Address = ip_address(self.address)
        chance = random.Random(f"host {self.address}")  # noqa: S311 (a script's chance, the same in every run)
        self.counter = chance.getrandbits(16)
        self.clock_offset = chance.getrandbits(31)
        if self.mac is None:
            self.mac = "02:00:" + ":".join(f"{byte:02x}" for byte in self.ip.packed[-4:])

    @property
    def habit(self) -> Habit:
        """The stack's habits."""
        return replace(HABITS[self.os], **self.changes)  # type: ignore[arg-type]

    @property
    def initial_ttl(self) -> int:
        """TTL of what leaves the host."""
        return self.ttl if self.ttl is not None else self.habit.ttl

    def next_id(self) -> int:
        """Count the host's own IP identification on."""
        self.counter = (self.counter + 1) & 0xFFFF
        return self.counter

    def stamp(self, at: float) -> int:
        """Timestamp value at a time, 1 kHz."""
        return (self.clock_offset + round((at - self.boot) * 1000)) & 0xFFFFFFFF
