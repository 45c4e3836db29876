"""Control: a path that delays and loses packets, so that SYNs, data and FINs are sent again. No reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(title="a lossy path", causes=(), forward=False, seconds=4.0)
LOSS = 0.06


def run(bench: Bench) -> None:
    """Exchange and close over a lossy path; the last packets pass, so that all connections end."""
    rng = bench.rng
    losing = True

    def lose(packet: Packet) -> Iterator[Packet]:
        if not losing or rng.random() > LOSS:
            yield packet

    bench.relay(delay=rng.uniform(0.001, 0.02), hook=lose)
    listener = bench.listen()
    ends = [bench.pair(listener) for _ in range(rng.randrange(2, 5))]
    for near, far in ends:
        bench.exchange(near, far, rng.randrange(1, 4))
    for near, far in ends:
        near.close()
        far.recv(1)
        far.close()
    losing = False
    bench.settle(1.0)
