"""Control: segments are lost and repeated, everything arrives in the end, and the connection is closed in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(title="loss that is repaired, no reset", causes=(), forward=False, seconds=3.0)


def run(bench: Bench) -> None:
    """Lose the next few segments with payload of each direction, then close."""
    losses = {"to-server": 0, "to-client": 0}

    def lossy(packet: Packet) -> Iterator[Packet]:
        seen = forge.look(packet.data)
        if seen is not None and seen.header.length and losses[packet.direction] > 0:
            losses[packet.direction] -= 1
        else:
            yield packet

    bench.relay(delay=bench.rng.uniform(0.005, 0.02), hook=lossy)
    near, far = bench.pair()
    for direction in ("to-server", "to-client"):
        bench.exchange(near, far)
        losses[direction] = bench.rng.randrange(1, 4)
        bench.exchange(near, far)
    near.close()
    far.recv(1)
    far.close()
