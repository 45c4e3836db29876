"""A server does not answer, or stops in the middle of its answer; the client waits a round time, then aborts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="a client that stops waiting after N seconds", causes=("application-timeout",), seconds=5.0)


def run(bench: Bench) -> None:
    """Ask on several connections, wait N seconds for each, and close with SO_LINGER 0."""
    limit = bench.rng.choice((2, 2, 3, 5))
    listener = bench.listen()
    waiting = []
    for _ in range(bench.rng.randrange(1, 4)):
        near, far = bench.pair(listener)
        if bench.rng.random() < 0.5:  # noqa: PLR2004 - half of them are kept alive
            bench.exchange(near, far)
            bench.settle(bench.rng.uniform(0.0, 0.2))
        near.sendall(b"GET /slow HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        waiting.append((time.monotonic() + limit, near))
        far.recv(65536)
        bench.truth(near, "client", "application-timeout", "active", f"no answer for {limit} s, then close()")
        bench.settle(bench.rng.uniform(0.0, 0.1))
    for end, near in waiting:
        bench.linger_zero(near)
        bench.settle(max(0.0, end - time.monotonic()))
        near.close()
