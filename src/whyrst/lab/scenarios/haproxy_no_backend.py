"""haproxy accepts connections although no server of its is up.

The servers' ports are closed, which its checks find out. In TCP mode haproxy then has nothing to say to a client: it
closes, and resets where a request was still unread.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="haproxy without a server", causes=("no-healthy-backend",), needs=("haproxy",), seconds=3.0)
CONFIG = """
defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s
listen service
    bind {near}:{door}
    server one {far}:{port} check inter 100ms fall 1
"""


def run(bench: Bench) -> None:
    """Start haproxy before a closed port, wait for its checks, ask it for something."""
    rng = bench.rng
    port, door = bench.port(), bench.port()
    dials = bench.dials(bench.server)
    with TemporaryDirectory() as folder:
        config = Path(folder, "haproxy.cfg")
        ends = {"near": bench.address(), "far": bench.address(bench.backend)}
        config.write_text(CONFIG.format(door=door, port=port, **ends), encoding="ascii")
        haproxy = bench.program(bench.server, ["haproxy", "-db", "-q", "-f", str(config)])
        bench.wait_for(door)
        bench.settle(0.4)
        for _ in range(rng.randrange(2, 6)):
            near = bench.dial((bench.address(), door))
            bench.settle(0.01)
            # One connection does not tell why it was closed at once.
            also = ("data-after-close",)
            why = "haproxy had no server, closed, and then got a request"
            bench.truth(near, "server", "no-healthy-backend", "passive", why, also=also)
            try:
                near.sendall(rng.randbytes(rng.randrange(20, 900)))
                near.recv(1)
            except OSError as error:
                bench.failed("client", error)
            bench.settle(rng.uniform(0.01, 0.2))
        haproxy.kill()
        haproxy.wait()
    bench.settle()
    for ports in dials.ports():
        if ports[1] == port:
            bench.truth(ports, "backend", "port-closed", "passive", "haproxy's check of a closed port")
