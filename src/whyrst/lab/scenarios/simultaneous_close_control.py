"""Both sides close at the same time: no reset.

The two FINs cross; both ends pass through CLOSING and wait in TIME_WAIT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="a simultaneous close", causes=(), forward=False)


def run(bench: Bench) -> None:
    """Both close while the other's FIN is under way."""
    bench.relay(delay=bench.rng.uniform(0.02, 0.06))
    for _ in range(bench.rng.randrange(1, 3)):
        near, far = bench.pair()
        bench.exchange(near, far)
        bench.settle(0.15)
        near.close()
        far.close()
        bench.settle(0.2)
