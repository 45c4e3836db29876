"""A server process is killed when it has read all.

Then its connections end with a FIN, in order. A client that does not look and sends its next request gets a reset,
because no program is left; new connections are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import one_answer

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="SIGKILL of a server that had read all; then data, then refusals",
    causes=("data-after-close", "process-crash"),
    seconds=2,
)


def run(bench: Bench) -> None:
    """Kill a program, write on its old connections, dial again."""
    program, target = one_answer(bench)
    ends = [bench.dial(target) for _ in range(bench.rng.randrange(3, 6))]
    for near in ends:
        near.sendall(b"GET /first HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        near.recv(4096)
    bench.settle(bench.rng.uniform(0.05, 0.4))
    program.kill()
    program.wait()
    bench.settle(bench.rng.uniform(0.05, 0.3))
    for near in ends:
        bench.truth(near, "server", "data-after-close", "passive", "a request after the FIN of a killed process")
        near.sendall(b"GET /second HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        bench.settle()
        near.close()
    for _ in range(bench.rng.randrange(1, 4)):
        port = bench.rng.randrange(40_000, 60_000)
        bench.truth(
            (port, target[1]), "server", "process-crash", "passive", "connect() after SIGKILL of the server",
            also=("port-closed",),
        )  # fmt: skip
        try:
            bench.dial(target, port=port)
        except OSError as error:
            bench.failed("client", error)
        bench.settle(bench.rng.uniform(0.05, 0.3))
