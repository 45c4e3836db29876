"""A half-closed connection is forgotten, and then the peer's FIN comes.

The server closed; the client did not notice for longer than the server's tcp_fin_timeout (60 s by default, 2 s here).
When the client closes at last, nobody knows its FIN any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="the peer's FIN comes after tcp_fin_timeout", causes=("fin-wait2-expired",), seconds=4)


def run(bench: Bench) -> None:
    """Server closes, FIN_WAIT_2 runs out, client closes."""
    bench.server.sysctl("net.ipv4.tcp_fin_timeout", 2)
    ends = [bench.pair() for _ in range(bench.rng.randrange(1, 3))]
    for near, far in ends:
        bench.exchange(near, far, bench.rng.randrange(1, 4))
        bench.settle()
        far.close()
    bench.settle(bench.rng.uniform(2.5, 3.5))
    for near, _ in ends:
        bench.truth(
            near, "server", "fin-wait2-expired", "passive", "close() of the client after tcp_fin_timeout of 2 s"
        )
        near.close()
        bench.settle()
