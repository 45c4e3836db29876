"""Node's http server closes an idle connection just as the next request leaves.

Node adds a second to its keepAliveTimeout, so the first connection measures when the server really closes. The second
one is used again in that moment: request and FIN cross, and the request is answered with a reset.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a request crosses the close of Node's keepAliveTimeout",
    causes=("keep-alive-race",),
    forward=False,
    needs=("node",),
    seconds=5,
)
SERVER = """
const server = require("http").createServer((request, response) => response.end("ok"));
server.keepAliveTimeout = 1000;
server.listen(Number(process.argv[2]), process.argv[1]);
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n"


def run(bench: Bench) -> None:
    """Measure the server's idle timeout, then send a request when it runs out."""
    target, delay = (bench.address(), bench.port()), bench.rng.uniform(0.09, 0.12)
    bench.program(bench.server, ("node", "-e", SERVER, target[0], str(target[1])))
    bench.wait_for(target[1])
    bench.relay(delay=delay)
    ends = []
    for _ in range(2):
        near = bench.dial(target)
        near.sendall(REQUEST)
        near.recv(65536)
        ends.append((near, time.monotonic()))
        bench.settle(4 * delay)
    (measured, first), (racing, second) = ends
    while measured.recv(4096):
        pass
    idle = time.monotonic() - first
    bench.truth(racing, "server", "keep-alive-race", "passive", "a request as Node closed", nth=1)
    bench.truth(racing, "server", "connection-gone", "passive", "the client's ACK of Node's FIN")
    bench.settle(second + idle - delay - time.monotonic())
    racing.sendall(REQUEST)
    bench.settle(4 * delay)
    try:
        racing.recv(4096)
    except OSError as error:
        bench.failed("client", error)
    for near, _ in ends:
        near.close()
    bench.settle(2 * delay)
