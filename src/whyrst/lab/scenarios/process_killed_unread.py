"""A server process is killed with unread requests on its connections.

The kernel closes all its sockets in the same instant; where bytes were unread, each close is a reset. From then on
connections are refused, because nobody listens any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import one_answer

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="SIGKILL of a server with unread requests; then refusals", causes=("process-crash",), seconds=2
)


def run(bench: Bench) -> None:
    """Kill a program that holds several connections, then dial again."""
    program, target = one_answer(bench)
    ends = [bench.dial(target) for _ in range(bench.rng.randrange(3, 7))]
    for near in ends:
        near.sendall(b"GET /first HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        near.recv(4096)
    bench.settle(bench.rng.uniform(0.05, 0.4))
    for near in ends:
        near.sendall(b"GET /second HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        bench.truth(near, "server", "process-crash", "active", "SIGKILL with a request unread")
    bench.settle(bench.rng.uniform(0.05, 0.3))
    program.kill()
    program.wait()
    bench.settle()
    for near in ends:
        try:
            near.recv(4096)
        except OSError as error:
            bench.failed("client", error)
        near.close()
    for _ in range(bench.rng.randrange(1, 4)):
        port = bench.rng.randrange(40_000, 60_000)
        bench.truth((port, target[1]), "server", "process-crash", "passive", "connect() after SIGKILL of the server")
        try:
            bench.dial(target, port=port)
        except OSError as error:
            bench.failed("client", error)
        bench.settle(bench.rng.uniform(0.05, 0.3))
