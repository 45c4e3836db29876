"""TCP_LINGER2 is negative, so that a closed socket does not wait for its peer's FIN.

A close in FIN_WAIT_2 sends a reset at once. A close before that sends the FIN, and the reset follows when the peer
acknowledges it: a bare ACK that is answered with a reset.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="TCP_LINGER2 of -1", causes=("linger2-abort",))


def run(bench: Bench) -> None:
    """Close with TCP_LINGER2 of -1, before or after the FIN was acknowledged."""
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(1, 4))
    bench.settle(bench.rng.uniform(0.03, 0.2))
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, -1)
    if bench.rng.random() < 0.5:  # noqa: PLR2004 - half
        bench.truth(near, "server", "linger2-abort", "passive", "close() with TCP_LINGER2 -1; the ACK of the FIN came")
    else:
        far.shutdown(socket.SHUT_WR)
        bench.settle(bench.rng.uniform(0.05, 0.3))
        bench.truth(
            near, "server", "linger2-abort", "active", "close() in FIN_WAIT_2 with TCP_LINGER2 -1",
            also=("application-abort",),
        )  # fmt: skip
    far.close()
    bench.settle(0.1)
    near.close()
