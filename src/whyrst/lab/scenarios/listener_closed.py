"""A program closes its listening socket while connections wait in its queue.

The kernel resets the waiting connections in one loop (inet_csk_listen_stop). One handshake is not complete, because its
last step got lost: that client believes to be connected, and its first data meets no socket.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whyrst.lab import packets
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(
    title="a listening socket closed with connections in its queue", causes=("listener-closed",), forward=False
)


def run(bench: Bench) -> None:
    """Let connections wait, close the socket."""
    rng = bench.rng
    unlucky = rng.randrange(40_000, 60_000)

    def lose(packet: Packet) -> Iterator[Packet]:
        header = packets.read(packet.data)
        if header is None or not (header.ports[0] == unlucky and header.is_bare_ack):
            yield packet

    bench.relay(delay=rng.uniform(0.001, 0.01), hook=lose)
    listener = bench.listen()
    target = listener.getsockname()[:2]
    for _ in range(rng.randrange(3)):
        near, far = bench.pair(listener)
        bench.exchange(near, far)
        near.close()
        far.close()
    waiting = [bench.dial(listener) for _ in range(rng.randrange(3, 7))]
    half = bench.dial(listener, port=unlucky) if rng.random() < 0.7 else None  # noqa: PLR2004 - most runs
    for near in rng.sample(waiting, rng.randrange(len(waiting))):
        near.sendall(rng.randbytes(rng.randrange(20, 900)))
    bench.settle(rng.uniform(0.05, 0.3))
    for near in waiting:
        bench.truth(near, "server", "listener-closed", "active", "it waited in the queue of the socket that was closed")
    listener.close()
    bench.settle()
    if half:
        bench.truth(
            half, "server", "listener-closed", "passive", "its handshake was not complete when the socket closed"
        )
        half.sendall(rng.randbytes(rng.randrange(20, 900)))
        bench.settle()
    if rng.random() < 0.5:  # noqa: PLR2004 - half of the runs
        mine = rng.randrange(30_000, 40_000)
        bench.truth((mine, target[1]), "server", "port-closed", "passive", "nobody listens any more")
        with suppress(ConnectionRefusedError):
            bench.dial(target, port=mine)
