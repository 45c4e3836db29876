"""SYN-ACKs reach a host that never sent the SYNs: backscatter of a flood whose author forged this host's address.

They come from a service under attack, or from several. The host's TCP answers each with a reset.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from whyrst.lab import forge, packets
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire import options
from whyrst.lab.wire.segment import ACK, SYN, Segment

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="backscatter of a forged flood", causes=("unsolicited-syn-ack",))


def run(bench: Bench) -> None:
    """Send SYN-ACKs that nobody asked for."""
    rng = bench.rng
    own = bench.address()
    net = own.rpartition("." if bench.family == 4 else ":")[0]  # noqa: PLR2004 - IP version
    spread = rng.random() < 0.5  # noqa: PLR2004 - half of the runs
    for _ in range(rng.randrange(1, 12)):
        source = f"{net}{'.' if bench.family == 4 else ':'}{rng.randrange(30, 90)}" if spread else own  # noqa: PLR2004
        port, mine = rng.choice((80, 443, 53, 22)), rng.randrange(1_024, 65_000)
        segment = Segment(
            "server",
            time.monotonic(),
            seq=rng.getrandbits(32),
            ack=rng.getrandbits(32),
            flags=SYN | ACK,
            window=64240,
            options=options.padded(options.mss(1460) + options.SACK_OK),
        )
        sender = source if spread else "server"
        bench.truth((mine, port), "client", "unsolicited-syn-ack", "passive", f"a SYN-ACK of {sender} without a SYN")
        target = bench.address(bench.client), mine
        forge.send(bench.server, packets.build((source, port), target, segment))
        bench.settle(rng.uniform(0.0, 0.1))
