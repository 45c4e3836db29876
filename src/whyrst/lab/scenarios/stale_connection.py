"""A client lost a connection without a word (power failure, NAT rebooted) and reuses its port pair.

The server still holds the connection and answers the SYN with a challenge ACK (RFC 5961 section 4). The client's TCP
resets its number, which ends the old connection, and the repeated SYN is accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a SYN into a connection that only the server remembers", causes=("stale-connection",), seconds=2.0
)


def run(bench: Bench) -> None:
    """Use a connection, forget it at the client, use its ports again."""
    rng = bench.rng
    listener = bench.listen()
    target = listener.getsockname()[:2]
    mine = rng.randrange(40_000, 60_000)
    near = bench.dial(target, port=mine)
    far = bench.accept(listener)
    bench.exchange(near, far, rng.randrange(1, 4))
    bench.settle(rng.uniform(0.1, 0.5))
    bench.forget(near)
    bench.truth((mine, target[1]), "client", "stale-connection", "passive", "the server still held the old connection")
    near = bench.dial(target, port=mine)
    again = bench.accept(listener)
    bench.exchange(near, again)
