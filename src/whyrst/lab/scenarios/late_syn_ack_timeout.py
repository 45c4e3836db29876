"""A client waits 100 ms for a connection, and the path takes longer.

The timeout is set on the socket (SO_SNDTIMEO; applications set it together with SO_RCVTIMEO): connect() fails with
EINPROGRESS, the program closes, and the SYN-ACK that comes then meets no socket. A client with more patience connects.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="connect() with a timeout of 100 ms over a path of more", causes=("late-syn-ack",), forward=False, seconds=2.0
)


def run(bench: Bench) -> None:
    """Try a few times with SO_SNDTIMEO of 100 ms."""
    rng = bench.rng
    delay = rng.choice((0.055, 0.06, 0.08, 0.11))
    bench.relay(delay=delay)
    listener = bench.listen()
    target = listener.getsockname()[:2]
    for _ in range(rng.randrange(1, 4)):
        near, mine = bench.socket(bench.client), rng.randrange(40_000, 60_000)
        near.bind((bench.address(bench.client), mine))
        near.settimeout(None)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            near.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", 0, 100_000))
        bench.truth(
            (mine, target[1]), "client", "late-syn-ack", "passive", f"connect() gave up after 100 ms of {delay * 2} s"
        )
        try:
            near.connect(target)
        except OSError as error:
            bench.failed("client", error)
        near.close()
        bench.settle(2 * delay + rng.uniform(0.0, 0.3))
    if rng.random() < 0.5:  # noqa: PLR2004 - half of the runs
        near, far = bench.pair(listener)
        bench.exchange(near, far)
