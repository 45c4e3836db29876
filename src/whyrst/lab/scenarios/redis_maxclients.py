"""redis has all the clients it may have, and refuses one more.

It accepts, says so and closes. The client does not look at that line before it sends its first command, which nobody
takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import redis

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="redis at maxclients", causes=("data-after-close",), needs=("redis-server",))


def run(bench: Bench) -> None:
    """Take all places, then dial once more and send a command after redis has closed."""
    places = bench.rng.randrange(1, 4)
    target = redis(bench, "--maxclients", str(places))
    ends = [bench.dial(target) for _ in range(places)]
    for near in ends:
        near.sendall(b"PING\r\n")
        near.recv(100)
    for _ in range(bench.rng.randrange(1, 3)):
        late = bench.dial(target)
        bench.settle(bench.rng.uniform(0.05, 0.3))
        bench.truth(late, "server", "data-after-close", "passive", "a command after redis at maxclients had closed")
        late.sendall(b"PING\r\n")
        bench.settle()
        late.close()
    for near in ends:
        near.close()
    bench.settle()
