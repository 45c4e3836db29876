"""A device on the path spoils the acknowledgement number of the handshake's last step.

The server, in SYN_RECV, resets with that number (RFC 9293 section 3.10.7.4) and keeps its request. The client takes no
notice of a number out of its window. Only the server's side of the device sees the wrong number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import packets
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(title="a last step with a wrong acknowledgement", causes=("bad-handshake-ack",), forward=False)


def run(bench: Bench) -> None:
    """Spoil the last step, then let the request complete the handshake."""
    rng = bench.rng
    left = 1
    shift = rng.choice((-1, 1)) * rng.randrange(100_000, 1 << 30)

    def spoil(packet: Packet) -> Iterator[Packet]:
        nonlocal left
        header = packets.read(packet.data)
        if left and header is not None and packet.direction == "to-server" and header.is_bare_ack:
            left -= 1
            yield packet._replace(data=packets.change(packet.data, ack=header.ack + shift))
        else:
            yield packet

    delay = rng.uniform(0.001, 0.01)
    bench.relay(delay=delay, hook=spoil)
    listener, mine = bench.listen(), rng.randrange(40_000, 60_000)
    port = listener.getsockname()[1]
    why = f"the last step's acknowledgement was off by {shift}"
    bench.truth((mine, port), "server", "bad-handshake-ack", "passive", why, client=("undetermined",))
    near = bench.dial(listener, port=mine)
    bench.settle(4 * delay)
    near.sendall(rng.randbytes(50))
    far = bench.accept(listener)
    far.recv(50)
    bench.exchange(near, far)
