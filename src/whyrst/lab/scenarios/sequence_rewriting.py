"""A device on the path adds a constant to all sequence numbers, as firewalls do that make initial numbers random.

Each direction of each connection has a constant of its own. Both ends hold a connection whose numbers the other end
never saw; a reset passes the device like every other segment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import packets
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire.segment import ACK, WRAP

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(
    title="resets through a device that shifts sequence numbers",
    causes=("close-with-unread-data", "linger-zero", "data-after-close"),
    forward=False,
)


class Shifter:
    """A relay's hook that shifts sequence numbers, one constant per direction of a connection.

    Acknowledgement numbers go back by the other direction's constant. Selective acknowledgements are left as they
    are: nothing is lost here.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._steps: dict[tuple[int, int], int] = {}

    def __call__(self, packet: Packet) -> Iterator[Packet]:
        """Shift a segment; pass what is no TCP."""
        header = packets.read(packet.data)
        if header is None:
            yield packet
            return
        seq = (header.seq + self._step(header.ports)) % WRAP
        # A reset without ACK leaves the field 0, which acknowledges nothing.
        ack = (header.ack - self._step(header.ports[::-1])) % WRAP if header.flags & ACK else None
        yield packet._replace(data=packets.change(packet.data, seq=seq, ack=ack))

    def _step(self, ports: tuple[int, int]) -> int:
        return self._steps.setdefault(ports, self._rng.getrandbits(32))


def run(bench: Bench) -> None:
    """Talk through the device; one end resets by intent, or because the other one speaks too late."""
    bench.relay(delay=bench.rng.uniform(0.002, 0.02), hook=Shifter(bench.rng))
    listener = bench.listen()
    for _ in range(bench.rng.randrange(1, 4)):
        near, far = bench.pair(listener)
        bench.exchange(near, far, bench.rng.randrange(1, 4))
        bench.settle(0.15)
        way = bench.rng.choice(("unread", "linger", "late"))
        if way == "linger":
            bench.truth(
                near, "client", "linger-zero", "active", "close() with SO_LINGER 0, all read",
                also=("application-abort",),
            )  # fmt: skip
            bench.hang_up(near)
        elif way == "unread":
            near.sendall(bench.rng.randbytes(bench.rng.randrange(1, 900)))
            bench.settle(0.1)
            bench.truth(
                near, "server", "close-with-unread-data", "active", "close() with data unread",
                also=("application-abort",),
            )  # fmt: skip
            far.close()
        else:
            far.close()
            bench.settle(bench.rng.uniform(0.1, 0.4))
            bench.truth(near, "server", "data-after-close", "passive", "a request after the server's close()")
            near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
        bench.settle(0.1)
