"""A third party on the path resets the client in the server's name. The server knows nothing of it and goes on.

What the server still sends meets a client without that connection, whose passive reset then ends the server's half.
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
    title="a reset forged in the server's name, to the client only", causes=("forged-reset", "connection-gone"),
    forward=False,
)  # fmt: skip


def run(bench: Bench) -> None:
    """Forge one exact reset; let the server speak on."""
    tap = forge.Tap()
    relay = bench.relay(delay=bench.rng.uniform(0.005, 0.03), hook=tap)
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(2, 5))
    bench.settle(bench.rng.uniform(0.4, 0.8))
    here, there = forge.ends(near)
    flags = bench.rng.choice((RST, RST | ACK))
    data = tap.forge(
        (there, here), flags=flags, ttl=bench.rng.choice((48, 101, 128, 200)), ip_id=bench.rng.randrange(1, 65536),
        window=bench.rng.choice((0, 3000)),
    )  # fmt: skip
    bench.truth((here, there), "server", "forged-reset", "forged", "one reset in the server's name", may_be_unseen=True)
    relay.send(Packet("to-client", data, 0.0))
    try:
        near.recv(1)
    except OSError as error:
        bench.failed("client", error)
    bench.settle(bench.rng.uniform(0.02, 0.5))
    # Where only the client's answer was captured, nothing tells why its connection is gone.
    bench.truth(
        (here, there), "client", "connection-gone", "passive", "the server spoke on to a client that had been reset",
        router=("undetermined",), server=("undetermined",),
    )  # fmt: skip
    for _ in range(bench.rng.randrange(1, 3)):
        far.sendall(b"event: tick\n\n")
    try:
        far.recv(1)
    except OSError as error:
        bench.failed("server", error)
