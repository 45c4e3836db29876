"""Control: an idle connection is kept by keep-alive probes that are answered; then it is used again and closed."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="keep-alive probes that are answered, no reset", causes=(), seconds=4.0)


def run(bench: Bench) -> None:
    """Be idle for a few probes, then talk and close."""
    near, far = bench.pair()
    bench.exchange(near, far)
    prober = bench.rng.choice((near, far))
    for option in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        prober.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), 1)
    prober.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    bench.settle(bench.rng.uniform(2.2, 3.4))
    bench.exchange(near, far)
    near.close()
    far.recv(1)
    far.close()
