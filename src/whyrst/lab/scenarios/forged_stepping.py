"""Three resets in a row whose numbers step ahead: exact, +1460, +4380, with rising TTL, ID and window.

So some injectors make sure that one fits although data may be under way. The server is sending meanwhile, and goes on.
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
    title="three forged resets with stepping numbers", causes=("forged-reset", "connection-gone"), forward=False
)
STEPS = (0, 1460, 4380)


def run(bench: Bench) -> None:
    """Forge three resets in the server's name, and at times three in the client's."""
    tap = forge.Tap()
    relay = bench.relay(delay=bench.rng.uniform(0.005, 0.03), hook=tap)
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(1, 4))
    far.sendall(bench.rng.randbytes(bench.rng.randrange(2000, 6000)))
    bench.settle(bench.rng.uniform(0.4, 0.6))
    here, there = forge.ends(near)
    ttl, ip_id, window = bench.rng.randrange(70, 120), bench.rng.randrange(1, 60_000), bench.rng.randrange(1000, 4000)
    both = bench.rng.random() < 0.5  # noqa: PLR2004 - half of them
    targets = [("server", (there, here), "to-client")] + [("client", (here, there), "to-server")] * both
    for name, ports, direction in targets:
        bench.truth((here, there), name, "forged-reset", "forged", f"three in the {name}'s name", may_be_unseen=True)
        for i, step in enumerate(STEPS):
            data = tap.forge(ports, step=step, flags=RST | ACK, ttl=ttl + i, ip_id=ip_id + i, window=window + i)
            relay.send(Packet(direction, data, 0.0001 * i))  # type: ignore[arg-type]
    bench.settle(0.1)
    try:
        near.recv(65536)
        near.recv(1)
    except OSError as error:
        bench.failed("client", error)
    if not both:
        bench.truth(
            (here, there), "client", "connection-gone", "passive", "the server spoke on to a client that was reset",
            router=("undetermined",), server=("undetermined",),
        )  # fmt: skip
        far.sendall(b"event: tick\n\n")
        bench.settle(0.1)
