"""Control: a large transfer through a path that loses and reorders packets; it ends in order.

The path is good again before the end: a segment that came late would find the connection gone, and be reset.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(title="a large transfer with loss and reordering, no reset", causes=(), forward=False, seconds=4.0)


def run(bench: Bench) -> None:
    """Send a megabyte or two to the client over a bad path."""
    # The hook runs in the relay's thread; its own source of chance keeps the scenario's repeatable.
    chance = type(bench.rng)(bench.rng.getrandbits(32))
    loss, swap = bench.rng.uniform(0.002, 0.02), bench.rng.uniform(0.0, 0.05)

    good = threading.Event()

    def bad(packet: Packet) -> Iterator[Packet]:
        if good.is_set():
            yield packet
        elif chance.random() < swap:
            yield packet._replace(delay=packet.delay + chance.uniform(0.001, 0.006))
        elif chance.random() >= loss:
            yield packet

    bench.relay(delay=bench.rng.uniform(0.002, 0.008), hook=bad)
    near, far = bench.pair()
    size = bench.rng.randrange(400_000, 1_500_000)
    near.sendall(b"GET /large HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    far.recv(65536)
    far.settimeout(60)
    near.settimeout(60)
    sending = threading.Thread(target=far.sendall, args=(bytes(size),))
    sending.start()
    bench.read(near, size)
    sending.join()
    good.set()
    bench.settle(0.5)
    far.close()
    near.recv(1)
    near.close()
    bench.settle(0.5)
