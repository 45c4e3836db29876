"""A client reuses a port pair while the server keeps it in TIME_WAIT, with a lower sequence number and no timestamps.

The server closed first. RFC 9293 section 3.10.7.4 lets it take a SYN above the old numbers only; to this one it answers
with the old connection's last acknowledgement, which the client resets. That ends TIME_WAIT (net.ipv4.tcp_rfc1337=0),
and the repeated SYN is accepted. The client's numbers are set with TCP_REPAIR; hosts behind a NAT come to it by chance.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab.bench import TCP_REPAIR
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a port pair reused in TIME_WAIT with a lower number", causes=("time-wait-reuse",), seconds=2.0
)
TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, SEND_QUEUE = 20, 21, 2
"""include/uapi/linux/tcp.h."""


def _dial(bench: Bench, target: tuple[str, int], mine: int, number: int) -> socket.socket:
    """Connect from a port, starting with a number."""
    near = bench.socket(bench.client)
    near.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    near.bind((bench.address(bench.client), mine))
    near.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    near.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, SEND_QUEUE)
    near.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, number - (number >> 31 << 32))
    near.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)
    near.connect(target)
    return near


def run(bench: Bench) -> None:
    """Use a connection, let the server close it first, use its ports again."""
    rng = bench.rng
    for host in (bench.client, bench.server):
        host.sysctl("net.ipv4.tcp_timestamps", 0)
    listener = bench.listen()
    target = listener.getsockname()[:2]
    mine = rng.randrange(40_000, 60_000)
    number = rng.randrange(1 << 30, 1 << 32)
    near = _dial(bench, target, mine, number)
    far = bench.accept(listener)
    bench.exchange(near, far, rng.randrange(1, 4))
    far.close()
    bench.settle()
    near.close()
    bench.settle(rng.uniform(0.05, 0.5))
    bench.truth(
        (mine, target[1]), "client", "time-wait-reuse", "passive", "the new SYN's number was below the old ones"
    )
    near = _dial(bench, target, mine, number - rng.randrange(1, 1 << 30))
    far = bench.accept(listener)
    bench.exchange(near, far)
