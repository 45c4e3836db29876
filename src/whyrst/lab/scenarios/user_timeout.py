"""A program set TCP_USER_TIMEOUT; its data stays unacknowledged for longer, because the path is dead.

Linux gives up without a word. The other end does not know, speaks when the path works again, and gets a passive reset.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab import path
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="TCP_USER_TIMEOUT ran out on a dead path", causes=("user-timeout",), needs=("nft",), seconds=4.0
)


def run(bench: Bench) -> None:
    """Cut the path, let one end's TCP_USER_TIMEOUT pass, mend the path, let the other end speak."""
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(1, 4))
    name, quitter, other = bench.rng.choice((("client", near, far), ("server", far, near)))
    limit = bench.rng.choice((800, 1000, 1500))
    quitter.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limit)
    # Only where the repeats were recorded, the wire can tell why the connection is gone. The router records on the
    # server's side of what it drops.
    unseen = ("undetermined",)
    at_client, beyond = ((), unseen) if name == "client" else (unseen, ())
    bench.truth(
        near, name, "user-timeout", "passive", f"TCP_USER_TIMEOUT {limit} ms of the {name}; then the peer spoke",
        also=("retransmission-timeout",), client=at_client, router=beyond, server=beyond,
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
