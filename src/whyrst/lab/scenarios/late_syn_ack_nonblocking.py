"""A client gives a non-blocking connect() up, and the SYN-ACK comes after that.

Either the path is slower than the timeout, or the first SYN got lost and its repeat (after 1 s) is answered too late.
"""

from __future__ import annotations

import select
import threading
from typing import TYPE_CHECKING

from whyrst.lab import packets
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(title="a non-blocking connect() given up", causes=("late-syn-ack",), forward=False, seconds=2.0)
REPEAT = 1.0
"""Seconds after which Linux repeats a SYN (RFC 6298 section 2)."""


def run(bench: Bench) -> None:
    """Give up after a round time, before the SYN-ACK comes."""
    rng = bench.rng
    loss = rng.random() < 0.5  # noqa: PLR2004 - half of the runs
    patience = REPEAT if loss else rng.choice((0.1, 0.2, 0.25, 0.3, 0.5))
    round_trip = rng.uniform(0.04, 0.09) if loss else patience + rng.uniform(0.01, 0.1)
    seen: set[int] = set()
    repeated = threading.Event()

    def lose(packet: Packet) -> Iterator[Packet]:
        header = packets.read(packet.data)
        if loss and header is not None and header.is_syn:
            if header.ports[0] not in seen:
                seen.add(header.ports[0])
                return
            repeated.set()
        yield packet

    bench.relay(delay=round_trip / 2, hook=lose)
    listener = bench.listen()
    target = listener.getsockname()[:2]
    for _ in range(1 if loss else rng.randrange(1, 3)):
        near = bench.socket(bench.client)
        near.setblocking(False)
        near.connect_ex(target)
        ports = near.getsockname()[1], target[1]
        why = f"given up after {patience} s, answered after {round_trip} s"
        # Behind the loss nothing shows how long the client had waited.
        behind = ("undetermined",) if loss else ()
        bench.truth(ports, "client", "late-syn-ack", "passive", why, router=behind, server=behind)
        if loss:
            repeated.wait(2 * REPEAT)  # The program's timer of 1 s is a little later than the kernel's.
        else:
            select.select([], [near], [], patience)
        near.close()
        bench.settle(round_trip + rng.uniform(0.05, 0.2))
