"""Somebody off the path guesses: many resets with the client's address and with numbers that sweep over the server's
window. None is exact. Those in the window make the server send challenge ACKs (RFC 5961), and the connection lives on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    import socket

    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="blind resets that do not hit", causes=("blind-reset-attack",))


def run(bench: Bench) -> None:
    """Sweep, and talk on."""
    near, far = bench.pair()
    sweep(bench, near, far, hit=False)
    bench.exchange(near, far, 2)


def sweep(bench: Bench, near: socket.socket, far: socket.socket, *, hit: bool) -> None:
    """Send guesses from the backend, another host, in the client's name.

    Args:
        bench: the bench.
        near: the client's socket.
        far: the server's socket.
        hit: whether one of them is exact.
    """
    tap = forge.Tap().listen(bench.server)
    bench.exchange(near, far, bench.rng.randrange(2, 5))
    bench.settle(0.1)
    tap.stop()
    ports = forge.ends(near)
    bench.truth(
        ports, "client", "blind-reset-attack", "forged", "guesses from another host", origin="backend",
        may_be_unseen=True,
    )  # fmt: skip
    step, before, after = bench.rng.randrange(9_000, 20_000), bench.rng.randrange(8, 25), bench.rng.randrange(3, 20)
    offset = 0 if hit else bench.rng.randrange(1, step)
    for i in range(-before, after):
        # TTL as it leaves the attacker; its distance to the server is not the client's.
        data = tap.forge(
            ports, step=offset + i * step, ttl=bench.rng.choice((57, 120, 250)), ip_id=bench.rng.randrange(1, 65536),
            flow=bench.rng.randrange(1, 1 << 20),
        )  # fmt: skip
        forge.send(bench.backend, data)
        bench.settle(bench.rng.uniform(0.0, 0.004))
    bench.settle(0.1)
