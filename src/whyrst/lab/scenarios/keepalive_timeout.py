"""One end of an idle connection probes with SO_KEEPALIVE, and the path is dead: after the last probe it resets."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab import path
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="keep-alive probes without an answer, then the prober's reset",
    causes=("keepalive-timeout",),
    needs=("nft",),
    seconds=5.5,
)


def run(bench: Bench) -> None:
    """Probe every second, three times; the reset reaches nobody, since the path stays dead."""
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(1, 4))
    name, prober = bench.rng.choice((("client", near), ("server", far)))
    for option, value in (("TCP_KEEPIDLE", bench.rng.choice((1, 2))), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 3)):
        prober.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    prober.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    bench.truth(
        near, name, "keepalive-timeout", "active", f"the {name}'s three probes were dropped", may_be_unseen=True
    )
    with path.dead(bench.router):
        try:
            prober.recv(1)
        except OSError as error:
            bench.failed(name, error)
        bench.settle()
