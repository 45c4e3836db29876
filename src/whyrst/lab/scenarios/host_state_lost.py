"""A host loses its connections without a word: a reboot or failover. Its services come back at once.

The router drops everything for the outage; meanwhile `ss -K` destroys the server's sockets, whose resets never leave
the host. When the path is back, clients of several services speak and are reset by a host that knows nothing of them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whyrst.lab import path
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a host that lost its connections (reboot, failover)",
    causes=("host-restart",),
    needs=("nft", "ss"),
    seconds=4.5,
)
MUTE = "table inet mute {\n chain out {\n type filter hook output priority 0; tcp flags rst drop;\n }\n}\n"


def run(bench: Bench) -> None:
    """Open connections to several services, lose the server's half, speak on each."""
    listeners = [bench.listen() for _ in range(bench.rng.randrange(2, 5))]
    pairs = [bench.pair(bench.rng.choice(listeners[:2])) for _ in range(bench.rng.randrange(0, 3))]
    pairs += [bench.pair(listener) for listener in listeners]
    for near, far in pairs:
        bench.exchange(near, far, bench.rng.randrange(1, 3))
        bench.settle(bench.rng.uniform(0.0, 0.15))
    for near, _ in pairs:
        bench.truth(
            near, "server", "host-restart", "passive", "the server's sockets were gone when the client spoke",
            live=("admin-kill", "connection-gone"),
        )  # fmt: skip
    early = [near for near, _ in pairs if bench.rng.random() < 0.5]  # noqa: PLR2004 - half of them
    with path.dead(bench.router):
        bench.server.run("nft", "-f", "-", text=MUTE)
        bench.server.run("ss", "-K", "state", "connected")
        bench.server.run("nft", "delete", "table", "inet", "mute")
        for near in early:
            near.sendall(b"PING\r\n")
        bench.settle(bench.rng.uniform(2.1, 2.6))
    for near, _ in pairs:
        if near not in early:
            with suppress(OSError):
                near.sendall(b"PING\r\n")
        bench.settle(bench.rng.uniform(0.02, 0.2))
    for near, _ in pairs:
        try:
            near.recv(1)
        except OSError as error:
            bench.failed("client", error)
