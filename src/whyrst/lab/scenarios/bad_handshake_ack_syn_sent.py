"""A device on the path spoils the acknowledgement number of the SYN-ACK.

The client's TCP resets with that number, keeps its socket, and repeats its SYN (RFC 9293 section 3.10.7.3). Only the
client's side of the device sees the wrong number; on the other side the reset's number fits nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import packets
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(title="a SYN-ACK with a wrong acknowledgement", causes=("bad-handshake-ack",), forward=False)


def run(bench: Bench) -> None:
    """Spoil the first SYN-ACKs of a connection."""
    rng = bench.rng
    left = rng.randrange(1, 3)
    shift = rng.choice((-1, 1)) * rng.randrange(1_000, 1 << 30)

    def spoil(packet: Packet) -> Iterator[Packet]:
        nonlocal left
        header = packets.read(packet.data)
        if left and header is not None and header.is_syn_ack:
            left -= 1
            yield packet._replace(data=packets.change(packet.data, ack=header.ack + shift))
        else:
            yield packet

    bench.relay(delay=rng.uniform(0.001, 0.01), hook=spoil)
    listener, mine = bench.listen(), rng.randrange(40_000, 60_000)
    port = listener.getsockname()[1]
    unseen = ("undetermined",)
    why = f"the SYN-ACK's acknowledgement was off by {shift}"
    bench.truth((mine, port), "client", "bad-handshake-ack", "passive", why, router=unseen, server=unseen)
    near = bench.dial(listener, port=mine)
    far = bench.accept(listener)
    bench.exchange(near, far)
