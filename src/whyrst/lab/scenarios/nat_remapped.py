"""A NAT forgets an idle connection and gives its next segment another port.

The router's own connection tracking times the connection out (after a second here). It takes the next segment for a new
connection and translates it to a new port; the server has nothing there and resets. Its real connection stays behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.scenario import Scenario
from whyrst.lab.scenarios.snat_port import translate

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a NAT that forgets an idle connection and takes another port", causes=("idle-timeout",), needs=("nft",),
    seconds=5.0,
)  # fmt: skip


def run(bench: Bench) -> None:
    """Talk, be silent for longer than the router remembers, talk again."""
    translate(bench)
    bench.router.sysctl("net.netfilter.nf_conntrack_tcp_timeout_established", 1)
    listener = bench.listen()
    pairs = [bench.pair(listener) for _ in range(bench.rng.randrange(1, 3))]
    for near, far in pairs:
        bench.exchange(near, far, bench.rng.randrange(1, 4))
    bench.settle(bench.rng.uniform(2.5, 3.5))
    for near, _ in pairs:
        ports = forge.ends(near)
        tap = forge.Tap().listen(bench.server)
        near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        bench.settle(0.1)
        tap.stop()
        # So short a silence tells nothing, and the server's host knows only a stranger.
        bench.truth(
            ports, "server", "idle-timeout", "passive", "the server did not know the port that the NAT had changed to",
            also=("undetermined", "connection-gone"), client=("host-restart",),
            elsewhere=[(there, "server") for there in tap.seen() if there[1] == listener.getsockname()[1]],
        )  # fmt: skip
        try:
            near.recv(1)
        except OSError as error:
            bench.failed("client", error)
