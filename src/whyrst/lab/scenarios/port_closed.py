"""Nothing listens on the port that the client dials; another port of the same host works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="a closed port", causes=("port-closed",))


def run(bench: Bench) -> None:
    """Dial a closed port a few times, beside a service that works."""
    near, far = bench.pair()
    bench.exchange(near, far)
    near.close()
    far.close()
    for _ in range(bench.rng.randrange(1, 4)):
        port, mine = bench.port(), bench.rng.randrange(40_000, 60_000)
        bench.truth((mine, port), "server", "port-closed", "passive", f"connect() to port {port}, which nobody serves")
        try:
            bench.dial((bench.address(), port), port=mine)
        except ConnectionRefusedError as error:
            bench.failed("client", error)
        bench.settle(bench.rng.uniform(0.01, 0.2))
