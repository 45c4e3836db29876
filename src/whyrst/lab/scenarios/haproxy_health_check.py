"""haproxy checks a server's port every so often and resets each check on purpose.

It keeps the handshake's last step back and closes with SO_LINGER 0, so that only SYN, SYN-ACK and RST,ACK are sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import haproxy

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="haproxy's TCP health check", causes=("health-check",), needs=("haproxy",), seconds=3.0)


def run(bench: Bench) -> None:
    """Let haproxy check for a while, and once let traffic pass through it."""
    rng = bench.rng
    interval = rng.choice((200, 250, 300))
    listener = bench.listen()
    port = listener.getsockname()[1]
    dials = bench.dials()
    to, check = (bench.address(), port), f"check inter {interval}ms"
    checking, _ = haproxy(bench, bench.client, bench.address(bench.client), to, check=check)
    bench.settle(interval / 1000 * rng.randrange(5, 9) + 0.05)
    checking.kill()
    checking.wait()
    bench.settle()
    for mine, _ in dials.ports():
        bench.truth(
            (mine, port), "client", "health-check", "active", f"haproxy checks every {interval} ms",
            live=("linger-zero",),
        )  # fmt: skip
