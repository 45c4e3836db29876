"""The accept queue is full, and the server has net.ipv4.tcp_abort_on_overflow=1.

Linux drops a SYN while the queue is full already. Only handshakes that were under way when it filled up are reset: with
a backlog of N, N connections wait, and N more SYNs arrive before their last steps do. The first one fits, the others
are reset.
"""

from __future__ import annotations

import errno
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
    backlog = rng.randrange(3, 7)
    listener = bench.listen(backlog=backlog)
    target = listener.getsockname()[:2]
    waiting = [bench.dial(listener) for _ in range(backlog)]
    bench.relay(delay=rng.uniform(0.005, 0.03))
    dialed = []
    for _ in range(backlog):
        near = bench.socket(bench.client)
        near.setblocking(False)  # noqa: FBT003 - its name says it
        if near.connect_ex(target) not in {0, errno.EINPROGRESS}:
            raise OSError(near.getsockname(), "connect")
        dialed.append(near)
    for near in dialed:
        ports = near.getsockname()[1], target[1]
        bench.truth(ports, "server", "accept-queue-abort", "passive", "the queue was full, and the sysctl is 1", nth=1)
        bench.truth(
            ports, "server", "connection-gone", "passive", "it sent a request meanwhile", also=("accept-queue-abort",)
        )
    bench.settle(0.2)
