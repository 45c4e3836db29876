"""A client writes on a connection that the server closed some time ago.

The server read all and closed; its FIN was acknowledged. Nobody looked at the end of input at the client, which writes
its next request. The server's kernel, in FIN_WAIT_2 without a program, must answer each segment with a reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="data for a connection in FIN_WAIT_2 without a program", causes=("data-after-close",))


def run(bench: Bench) -> None:
    """The server closes after an exchange; the client writes later, once or in several segments."""
    for _ in range(bench.rng.randrange(1, 3)):
        near, far = bench.pair()
        bench.exchange(near, far, bench.rng.randrange(1, 4))
        bench.settle(bench.rng.uniform(0.03, 0.2))
        far.close()
        waited = bench.rng.uniform(0.05, 0.9)
        bench.settle(waited)
        how = f"a request {waited:.2f} s after the server's close(), whose FIN had come"
        bench.truth(near, "server", "data-after-close", "passive", how)
        near.sendall(bench.rng.randbytes(bench.rng.randrange(1, 1400)))
        bench.settle()
        try:
            near.sendall(b"more")
        except OSError as error:
            bench.failed("client", error)
        near.close()
