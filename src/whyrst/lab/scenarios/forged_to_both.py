"""A third party on the path resets both ends, each in the name of the other. Neither of them sent a reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.relay import Packet
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire.segment import ACK, RST

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="resets forged to both ends", causes=("forged-reset",), forward=False)


def run(bench: Bench) -> None:
    """Forge an exact reset to each end of a connection in use."""
    tap = forge.Tap()
    relay = bench.relay(delay=bench.rng.uniform(0.005, 0.03), hook=tap)
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(2, 5))
    bench.settle(bench.rng.uniform(0.4, 0.8))
    here, there = forge.ends(near)
    ttl, flags = bench.rng.choice((48, 101, 128, 200)), bench.rng.choice((RST, RST | ACK))
    for name, ports, direction in (("server", (there, here), "to-client"), ("client", (here, there), "to-server")):
        data = tap.forge(ports, flags=flags, ttl=ttl, ip_id=bench.rng.randrange(1, 65536))
        bench.truth(
            (here, there), name, "forged-reset", "forged", f"in the {name}'s name, by the relay", may_be_unseen=True
        )
        relay.send(Packet(direction, data, 0.0))  # type: ignore[arg-type]
    for name, end in (("client", near), ("server", far)):
        try:
            end.recv(1)
        except OSError as error:
            bench.failed(name, error)
