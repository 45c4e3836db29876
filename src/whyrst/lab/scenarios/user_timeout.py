"""A program set TCP_USER_TIMEOUT; its data stays unacknowledged for longer, because the path is dead.

Linux gives up without a word. The other end does not know, speaks when the path works again, and gets a passive reset.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab import path
from whyrst.lab.scenario import Scenario
from whyrst.lab.scenarios.retransmission_giveup import _witnesses

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="TCP_USER_TIMEOUT ran out on a dead path", causes=("user-timeout",), seconds=4.0)


def run(bench: Bench) -> None:
    """Cut the path, let one end's TCP_USER_TIMEOUT pass, mend the path, let the other end speak."""
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(1, 4))
    name, quitter, other = bench.rng.choice((("client", near, far), ("server", far, near)))
    limit = bench.rng.choice((800, 1000, 1500))
    quitter.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limit)
    blind = {where: ("undetermined",) for where in ("client", "router", "server") if where not in _witnesses(name)}
    bench.truth(
        near, name, "user-timeout", "passive", f"TCP_USER_TIMEOUT {limit} ms of the {name}; then the peer spoke",
        also=("retransmission-timeout",), **blind,
    )  # fmt: skip
    with path.dead(bench.router):
        quitter.sendall(bench.rng.randbytes(bench.rng.randrange(10, 1000)))
        try:
            quitter.recv(1)
        except OSError as error:
            bench.failed(name, error)
        bench.settle(bench.rng.uniform(2.2, 2.6) * limit / 1000)
    other.sendall(b"still there?\n")
    try:
        other.recv(1)
    except OSError as error:
        bench.failed("other end", error)
