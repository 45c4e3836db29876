"""haproxy checks a server's port every so often and resets each check on purpose.

It keeps the handshake's last step back and closes with SO_LINGER 0, so that only SYN, SYN-ACK and RST,ACK are sent.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="haproxy's TCP health check", causes=("health-check",), needs=("haproxy",), seconds=3.0)
CONFIG = """
defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s
listen service
    bind {near}:{door}
    server one {far}:{port} check inter {interval}ms
"""


def run(bench: Bench) -> None:
    """Let haproxy check for a while, and once let traffic pass through it."""
    rng = bench.rng
    interval = rng.choice((200, 250, 300))
    listener = bench.listen()
    port, door = listener.getsockname()[1], bench.port()
    dials = bench.dials()
    with TemporaryDirectory() as folder:
        config = Path(folder, "haproxy.cfg")
        ends = {"near": bench.address(bench.client), "far": bench.address()}
        config.write_text(CONFIG.format(door=door, port=port, interval=interval, **ends), encoding="ascii")
        checking = bench.program(bench.client, ["haproxy", "-db", "-q", "-f", str(config)])
        bench.wait_for(door, bench.client)
        bench.settle(interval / 1000 * rng.randrange(5, 9) + 0.05)
        checking.kill()
        checking.wait()
    bench.settle()
    for mine, _ in dials.ports():
        bench.truth(
            (mine, port), "client", "health-check", "active", f"haproxy checks every {interval} ms",
            live=("linger-zero",),
        )  # fmt: skip
