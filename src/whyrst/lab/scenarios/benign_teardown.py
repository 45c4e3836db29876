"""Both have finished, and the last word is a reset.

The server answered in full and closed. The client read all of it and then closed with SO_LINGER 0, as load testers do
to keep no TIME_WAIT. Nothing is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="a reset when all was said and done", causes=("benign-teardown",))


def run(bench: Bench) -> None:
    """Complete exchanges, the server's FIN, and the client's close with SO_LINGER 0."""
    listener = bench.listen()
    for _ in range(bench.rng.randrange(1, 5)):
        near, far = bench.pair(listener)
        bench.exchange(near, far, bench.rng.randrange(1, 3))
        far.close()
        bench.settle(bench.rng.uniform(0.03, 0.2))
        bench.linger_zero(near)
        bench.truth(
            near, "client", "benign-teardown", "active", "SO_LINGER 0 and close() after the server's FIN, all read",
            also=("linger-zero", "application-abort"),
        )  # fmt: skip
        near.close()
        bench.settle()
