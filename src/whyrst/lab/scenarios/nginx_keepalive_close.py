"""nginx closes idle connections after keepalive_timeout; one request crosses, another comes later.

Both connections were idle for the whole of that time. The first client sends its next request in the moment of nginx's
FIN, so that they cross on the way; the second one had the FIN already and did not look.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import nginx

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="requests around nginx's keepalive_timeout",
    causes=("keep-alive-race", "data-after-close"),
    forward=False,
    needs=("nginx",),
    seconds=5,
)
REQUEST = b"GET /%d HTTP/1.1\r\nHost: lab.example\r\n\r\n"


def run(bench: Bench) -> None:
    """Ask on two connections, wait for the timeout, ask again: at once, and later."""
    seconds, delay = bench.rng.choice((1, 2)), bench.rng.uniform(0.08, 0.12)
    target = nginx(bench, f"keepalive_timeout {seconds}s;")
    bench.relay(delay=delay)
    late, racing = bench.dial(target), bench.dial(target)
    for near in (late, racing):
        near.sendall(REQUEST % bench.rng.randrange(1000))
        near.recv(65536)
    answered = time.monotonic()
    how = f"a request as nginx closed after keepalive_timeout {seconds}s"
    bench.truth(racing, "server", "keep-alive-race", "passive", how, nth=1)
    bench.truth(racing, "server", "connection-gone", "passive", "the client's ACK of nginx's FIN")
    bench.truth(late, "server", "data-after-close", "passive", "a request some time after nginx's FIN had come")
    bench.settle(answered + seconds - delay - time.monotonic())
    racing.sendall(REQUEST % 1)
    bench.settle(4 * delay + bench.rng.uniform(0.1, 0.5))
    late.sendall(REQUEST % 2)
    bench.settle(4 * delay)
    for near in (late, racing):
        try:
            while near.recv(4096):
                pass
        except OSError as error:
            bench.failed("client", error)
        near.close()
    bench.settle(2 * delay)
