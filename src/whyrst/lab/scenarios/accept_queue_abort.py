"""The accept queue is full, and the server has net.ipv4.tcp_abort_on_overflow=1.

Linux drops a SYN while the queue is full already. Only handshakes that were under way when it filled up are reset: with
a backlog of N, N connections wait, and N more SYNs arrive before their last steps do. The first one fits, the others
are reset. Those who got in are served.
"""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a full accept queue with tcp_abort_on_overflow=1", causes=("accept-queue-abort",), forward=False
)


def run(bench: Bench) -> None:
    """Fill the queue, dial at once, then serve those who got in."""
    rng = bench.rng
    bench.server.sysctl("net.ipv4.tcp_abort_on_overflow", 1)
    delay = rng.uniform(0.005, 0.03)
    bench.relay(delay=delay)
    backlog = rng.randrange(3, 7)
    listener = bench.listen(backlog=backlog)
    target = listener.getsockname()[:2]
    waiting = [bench.dial(listener) for _ in range(backlog)]
    dialed = []
    for _ in range(backlog):
        near = bench.socket(bench.client)
        near.setblocking(False)
        near.connect_ex(target)
        dialed.append(near)
    asking = rng.sample(dialed, rng.randrange(backlog))
    select.select([], dialed, [])
    bench.settle(delay / 2)
    for near in asking:
        near.send(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    bench.settle(3 * delay)
    for near in dialed:
        error = near.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not error:
            waiting.append(near)
            continue
        ports = near.getsockname()[1], target[1]
        why = "the queue was full when its last step came"
        bench.truth(ports, "server", "accept-queue-abort", "passive", why, nth=1)
        if near in asking:
            also = ("accept-queue-abort",)
            bench.truth(ports, "server", "connection-gone", "passive", "its request came after the reset", also=also)
    for near in waiting:
        near.setblocking(True)
        far = bench.accept(listener)
        far.sendall(rng.randbytes(rng.randrange(10, 2000)))
    bench.settle(3 * delay)
