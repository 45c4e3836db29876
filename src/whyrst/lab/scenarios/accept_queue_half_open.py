"""The accept queue is full, and the server has net.ipv4.tcp_abort_on_overflow=0, the default.

The server ignores the handshake's last step and all data, repeats its SYN-ACK, and after net.ipv4.tcp_synack_retries
(here 1, so that it takes 3 s instead of a minute) forgets the request. The client's next repeat meets the listening
socket and is answered by a reset.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a full accept queue, and clients that believe to be connected",
    causes=("accept-queue-half-open",),
    forward=False,
    seconds=5.0,
)
ASKED = 0.3, 0.7
"""Seconds after the handshake at which clients ask: their repeats then miss the moment at which the request expires."""

LONGEST = 8.0
"""Seconds until all have been told."""


def run(bench: Bench) -> None:
    """Fill the queue, dial at once, and wait until those who did not fit are told."""
    rng = bench.rng
    bench.server.sysctl("net.ipv4.tcp_synack_retries", 1)
    delay = rng.uniform(0.005, 0.02)
    bench.relay(delay=delay)
    backlog = rng.randrange(3, 6)
    listener = bench.listen(backlog=backlog)
    target = listener.getsockname()[:2]
    waiting = [bench.dial(listener) for _ in range(backlog)]
    dialed = []
    for _ in range(backlog):
        near = bench.socket(bench.client)
        near.setblocking(False)
        near.connect_ex(target)
        dialed.append(near)
    bench.settle(rng.uniform(*ASKED))
    for near in (*waiting, *dialed):
        near.send(rng.randbytes(rng.randrange(20, 900)))
    end = time.monotonic() + LONGEST
    waiting_for = backlog - 1
    while waiting_for and time.monotonic() < end:
        bench.settle()
        for near in dialed:
            if near.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                waiting_for -= 1
                ports = near.getsockname()[1], target[1]
                why = "its request expired with the queue still full"
                bench.truth(ports, "server", "accept-queue-half-open", "passive", why)
