"""Makes a run's captures worse, as real ones are: clocks that are off and drift, packets that were not recorded,
captures that begin late or end early, captures of one direction."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from whyrst.lab import packets
from whyrst.lab.wire.segment import RST

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Change = Callable[[list["Packet"]], Iterable["Packet"]]
    """Makes other packets of a capture's."""

HEADER = 24
RECORD = 16
ETHERNET = 14
SECOND = 1_000_000_000
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"

LOST_SHARE = 0.1
"""Share of packets that a poor capture loses."""
RESET_LOST = 0.3
"""Share of its resets that it loses, so that the case to be tested is no rare one."""


class Packet(NamedTuple):
    """One packet record of a capture.

    Attributes:
        time: nanoseconds.
        wire: length on the wire.
        frame: what was captured, from the Ethernet header on.
    """

    time: int
    wire: int
    frame: bytes

    @property
    def segment(self) -> packets.Header | None:
        """Its TCP header; None when it has none."""
        return packets.read(self.frame[ETHERNET:]) if self.frame[12:ETHERNET] in {IPV4, IPV6} else None

    @property
    def source(self) -> bytes:
        """Its source address as it stands, IPv6 or IPv4; empty for other protocols."""
        kind = self.frame[12:ETHERNET]
        return self.frame[22:38] if kind == IPV6 else self.frame[26:30] if kind == IPV4 else b""

    @property
    def is_reset(self) -> bool:
        """Whether it holds a reset."""
        segment = self.segment
        return segment is not None and bool(segment.flags & RST)


def load(path: Path) -> tuple[bytes, list[Packet]]:
    """File header and packets of a capture that `Recorder` wrote."""
    data, at, found = path.read_bytes(), HEADER, []
    while at + RECORD <= len(data):
        seconds, nanos, have, wire = struct.unpack_from("<IIII", data, at)
        frame = data[at + RECORD : at + RECORD + have]
        found.append(Packet(seconds * SECOND + nanos, wire, frame))
        at += RECORD + have
    return data[:HEADER], found


def save(path: Path, header: bytes, kept: Iterable[Packet]) -> None:
    """Write a capture."""
    parts = [header]
    for one in kept:
        parts += (struct.pack("<IIII", *divmod(one.time, SECOND), len(one.frame), one.wire), one.frame)
    path.write_bytes(b"".join(parts))


def change(path: Path, how: Change) -> None:
    """Replace a capture by what a function makes of its packets."""
    header, found = load(path)
    save(path, header, how(found))


def off(seconds: float, ppm: float) -> Change:
    """A clock that is wrong.

    Args:
        seconds: by how much, at the first packet.
        ppm: millionths that it gains from there on.
    """

    def shifted(found: list[Packet]) -> Iterable[Packet]:
        start = found[0].time if found else 0
        step = round(seconds * SECOND)
        return [one._replace(time=one.time + step + round((one.time - start) * ppm / 1e6)) for one in found]

    return shifted


def lossy(rng: random.Random) -> Change:
    """A recorder that was too slow: packets are missing at random, resets more often than others."""

    def kept(found: list[Packet]) -> Iterable[Packet]:
        return [one for one in found if rng.random() > (RESET_LOST if one.is_reset else LOST_SHARE)]

    return kept


def short(rng: random.Random) -> Change:
    """A recorder that was started late, or stopped early, by up to half of the time."""
    share, late = rng.uniform(0.0, 0.5), rng.random() < 0.5  # noqa: PLR2004 - half of them

    def kept(found: list[Packet]) -> Iterable[Packet]:
        if not found:
            return found
        first, last = found[0].time, found[-1].time
        if late:
            return [one for one in found if one.time >= first + share * (last - first)]
        return [one for one in found if one.time <= last - share * (last - first)]

    return kept


def one_way(rng: random.Random) -> Change:
    """A capture of one direction only, as one fibre's mirror gives it."""
    forwards = rng.random() < 0.5  # noqa: PLR2004 - half of them

    def kept(found: list[Packet]) -> Iterable[Packet]:
        dialers = {one.source for one in found if one.segment is not None and one.segment.is_syn}
        return [one for one in found if (one.source in dialers) == forwards]

    return kept
