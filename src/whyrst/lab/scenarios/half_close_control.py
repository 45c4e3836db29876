"""One side finishes early and the other goes on sending: no reset.

A client that sends its request and shuts down its sending direction gets the whole answer; both FINs are acknowledged.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="a half-close that works", causes=())


def run(bench: Bench) -> None:
    """Client shuts down for writing, server answers for some time, both close."""
    for _ in range(bench.rng.randrange(1, 4)):
        near, far = bench.pair()
        near.sendall(b"all that I want to say\n" * bench.rng.randrange(1, 50))
        near.shutdown(socket.SHUT_WR)
        bench.read(far, 1 << 20)
        for _ in range(bench.rng.randrange(1, 5)):
            far.sendall(bench.rng.randbytes(bench.rng.randrange(100, 5000)))
            bench.settle(bench.rng.uniform(0.01, 0.1))
        far.close()
        bench.read(near, 1 << 20)
        near.close()
