"""One of several workers that share a port (SO_REUSEPORT) goes away with connections in its queue.

Linux gives each listening socket its own queue. What waits in the queue of the one that closes is reset, unless
net.ipv4.tcp_migrate_req=1; the other workers go on serving.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="one SO_REUSEPORT worker fewer", causes=("listener-closed",))
ENOUGH = 3
"""Connections that wait in the closing queue."""
TCPI_UNACKED = 24
"""Offset of tcpi_unacked in struct tcp_info; of a listening socket it is the length of the queue."""


def _queue(listener: socket.socket) -> int:
    info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)
    length: int = struct.unpack_from("I", info, TCPI_UNACKED)[0]
    return length


def run(bench: Bench) -> None:
    """Spread connections over two workers, serve one's, close the other."""
    rng = bench.rng
    port = bench.port()
    stays = bench.listen(port=port, SO_REUSEPORT=1)
    goes = bench.listen(port=port, SO_REUSEPORT=1)
    dialed = []
    enough = rng.randrange(ENOUGH, 7)
    while _queue(goes) < enough:
        dialed.append(bench.dial(stays))
    served = {}
    while _queue(stays):
        far = bench.accept(stays)
        served[far.getpeername()[1]] = far
    bench.settle(rng.uniform(0.01, 0.2))
    for near in dialed:
        if (mine := near.getsockname()[1]) in served:
            bench.exchange(near, served[mine])
        else:
            bench.truth(near, "server", "listener-closed", "active", "it waited in the queue of the worker that went")
            if rng.random() < 0.5:  # noqa: PLR2004 - half of them
                near.sendall(rng.randbytes(rng.randrange(20, 900)))
    bench.settle()
    goes.close()
    bench.settle()
    for near in dialed:
        if (mine := near.getsockname()[1]) in served:
            bench.exchange(near, served[mine])
    near, far = bench.pair(stays)
    bench.exchange(near, far)
