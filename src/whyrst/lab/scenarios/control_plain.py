"""Control: connections opened, used and closed by either side in every orderly way. No reset."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="orderly connections", causes=())


def run(bench: Bench) -> None:
    """Open, use and close connections."""
    rng = bench.rng
    listener = bench.listen()
    for _ in range(rng.randrange(10, 30)):
        near, far = bench.pair(listener)
        bench.exchange(near, far, rng.randrange(4))
        first, second = rng.choice(((near, far), (far, near)))
        if rng.random() < 0.5:  # noqa: PLR2004 - half of them
            first.close()
        else:
            first.shutdown(socket.SHUT_WR)
            second.sendall(rng.randbytes(rng.randrange(1, 5000)))
        while second.recv(65536):
            pass
        if first.fileno() >= 0:
            second.shutdown(socket.SHUT_WR)
            while first.recv(65536):
                pass
        second.close()
        first.close()
