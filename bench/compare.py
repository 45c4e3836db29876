"""Two captures of the same traffic, compared: against analysing both."""

from __future__ import annotations

import random
import struct
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from measure import medians, program
from page import Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

AHEAD = 7_200_123_456
"""Microseconds that the other clock is ahead."""
DRIFT = 20e-6
DELAY = (100, 200)
"""Microseconds that a packet is on its way at least and at most."""
RUNS = 3
CONNECTIONS = 65_000
"""About a million packets."""


def records(data: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Time in microseconds and frame of each packet."""
    data.read(24)
    while len(head := data.read(16)) == 16:
        seconds, micro, size, _ = struct.unpack("<IIII", head)
        yield seconds * 1_000_000 + micro, data.read(size)


def other_end(here: Path, there: Path) -> None:
    """Write what the server's end would have captured: one hop on, with another clock, in the order of that place."""
    rng = random.Random(3)
    waiting: list[tuple[int, int, bytes]] = []
    with here.open("rb") as source, there.open("wb", buffering=1 << 20) as out:
        out.write(source.read(24))
        source.seek(0)
        start = None

        def write(until: int) -> None:
            while waiting and waiting[0][0] < until:
                time, _, frame = heappop(waiting)
                time += AHEAD + round((time - start) * DRIFT)
                out.write(struct.pack("<IIII", *divmod(time, 1_000_000), len(frame), len(frame)) + frame)

        for number, (time, frame) in enumerate(records(source)):
            start = time if start is None else start
            forth = frame[26] == 10
            moved = bytearray(frame)
            moved[22] += -1 if forth else 1
            heappush(waiting, (time + rng.randrange(*DELAY) * (1 if forth else -1), number, bytes(moved)))
            write(time - 2 * DELAY[1])
        write(1 << 62)


def rows(scale: int, capture: tuple[str, int], folder: Path) -> list[Row]:
    """Compare two captures.

    Args:
        scale: by how much they are smaller.
        capture: one of them, and its packets.
        folder: where the other one is kept.
    """
    path, packets = capture
    there = folder / f"other-end-{CONNECTIONS // scale}.pcap"
    if not there.exists():
        from pathlib import Path

        print(f"writing {there.name} ...", flush=True)
        other_end(Path(path), there)
    whyrst = program("whyrst")
    assert whyrst is not None, "install whyrst first"
    both = [path, str(there)]
    compared, analysed = medians([[whyrst, "compare", *both], [whyrst, "analyze", *both]], RUNS)
    ratio = compared.cpu / analysed.cpu
    times = f"{compared.wall:.2f} s ({compared.cpu:.2f} s of processor), {compared.peak / 1e6:,.0f} MB"
    return [
        Row(f"two captures of {packets:,} packets: whyrst compare", times, "", None),
        Row("compare / analyze of both, processor time", f"{ratio:.2f} times", "at most 3 times", ratio <= 3),
    ]
