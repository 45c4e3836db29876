"""A third party on the path resets the server in the client's name. The client knows nothing of it and goes on.

What the client still sends meets a server without that connection, whose passive reset then ends the client's half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.relay import Packet
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire.segment import ACK, RST

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a reset forged in the client's name, to the server only", causes=("forged-reset", "connection-gone"),
    forward=False,
)  # fmt: skip


def run(bench: Bench) -> None:
    """Forge one exact reset; let the client speak on."""
    tap = forge.Tap()
    relay = bench.relay(delay=bench.rng.uniform(0.005, 0.03), hook=tap)
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(2, 5))
    bench.settle(bench.rng.uniform(0.4, 0.8))
    here, there = forge.ends(near)
    data = tap.forge(
        (here, there), flags=bench.rng.choice((RST, RST | ACK)), ttl=bench.rng.choice((48, 101, 128, 200)),
        ip_id=bench.rng.randrange(1, 65536), window=bench.rng.choice((0, 3000)),
    )  # fmt: skip
    # In IPv6, which has no ID, the TTL alone tells a reset of a connection without timestamps.
    unsure = ("undetermined",) if bench.family == 6 else ()  # noqa: PLR2004 - IP version
    bench.truth(
        (here, there), "client", "forged-reset", "forged", "one reset in the client's name", may_be_unseen=True,
        router=unsure, server=unsure,
    )  # fmt: skip
    relay.send(Packet("to-server", data, 0.0))
    try:
        far.recv(1)
    except OSError as error:
        bench.failed("server", error)
    bench.settle(bench.rng.uniform(0.02, 0.5))
    # Where only the server's answer was captured, nothing tells why its connection is gone.
    bench.truth(
        (here, there), "server", "connection-gone", "passive", "the client spoke on to a server that had been reset",
        client=("undetermined",),
    )  # fmt: skip
    for _ in range(bench.rng.randrange(1, 3)):
        near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    try:
        near.recv(1)
    except OSError as error:
        bench.failed("client", error)
