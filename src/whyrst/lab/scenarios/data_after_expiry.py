"""A half-closed connection is forgotten, and then the peer's data come.

As when the peer's FIN comes too late, but the client writes. A server that still knew the connection would refuse the
data, too, so the wire cannot tell whether it had been forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="data come after tcp_fin_timeout", causes=("fin-wait2-expired",), seconds=4)


def run(bench: Bench) -> None:
    """Server closes, FIN_WAIT_2 runs out, client writes."""
    bench.server.sysctl("net.ipv4.tcp_fin_timeout", 2)
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(1, 4))
    bench.settle()
    far.close()
    bench.settle(bench.rng.uniform(2.5, 3.5))
    bench.truth(
        near, "server", "fin-wait2-expired", "passive", "a request after tcp_fin_timeout of 2 s",
        also=("data-after-close",),
    )  # fmt: skip
    near.sendall(bench.rng.randbytes(bench.rng.randrange(10, 800)))
    bench.settle()
    near.close()
