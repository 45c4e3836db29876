"""A service is stopped without draining and started again.

Its process goes away with all its sockets at once: where a request was still unread the kernel resets (RFC 2525 section
2.17), else it sends FIN. Until the new process listens, its port is closed. Clients try again all the time.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="a service that is restarted", causes=("server-restart",), seconds=2.0)


def run(bench: Bench) -> None:
    """Serve several clients, go away with unread requests, refuse for a while, come back."""
    rng = bench.rng
    listener = bench.listen()
    port = listener.getsockname()[1]
    ends = [bench.pair(listener) for _ in range(rng.randrange(4, 9))]
    for near, far in ends:
        bench.exchange(near, far, rng.randrange(1, 3))
    busy = ends[: rng.randrange(2, len(ends))]
    for near, _ in busy:
        near.sendall(rng.randbytes(rng.randrange(50, 900)))
    bench.settle()
    for near, _ in busy:
        bench.truth(near, "server", "server-restart", "active", "the service stopped with a request unread")
    listener.close()
    for _, far in rng.sample(ends, len(ends)):
        far.close()
    bench.settle()
    for near, _ in ends:
        near.close()
    for _ in range(rng.randrange(2, 6)):
        mine = rng.randrange(40_000, 60_000)
        bench.truth((mine, port), "server", "server-restart", "passive", "connect() while the service was down")
        with suppress(ConnectionRefusedError):
            bench.dial((bench.address(), port), port=mine)
        bench.settle(rng.uniform(0.05, 0.3))
    again = bench.listen(port=port)
    for _ in range(rng.randrange(1, 4)):
        near, far = bench.pair(again)
        bench.exchange(near, far)
        near.close()
        far.close()
