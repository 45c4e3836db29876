"""SO_LINGER with a timeout of zero makes every close of a server a reset.

All is read and answered; the server's close sends a reset where a FIN is usual, connection after connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="SO_LINGER 0 on every connection of a server", causes=("linger-zero",))


def run(bench: Bench) -> None:
    """Several connections with complete exchanges, each closed by the server with SO_LINGER 0."""
    listener = bench.listen()
    count = bench.rng.randrange(1, 7)
    for _ in range(count):
        near, far = bench.pair(listener)
        bench.exchange(near, far, bench.rng.randrange(1, 4))
        bench.settle(bench.rng.uniform(0.08, 0.3))
        bench.linger_zero(far)
        bench.truth(
            near, "server", "linger-zero", "active", f"close() with SO_LINGER 0, all read, {count} connections",
            also=("application-abort",),
        )  # fmt: skip
        far.close()
        bench.settle(bench.rng.uniform(0.03, 0.1))
        try:
            near.recv(100)
        except OSError as error:
            bench.failed("client", error)
        near.close()
