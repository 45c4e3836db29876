"""haproxy accepts connections although no server of its is up.

The servers' ports are closed, which its checks find out. In TCP mode haproxy then has nothing to say to a client: it
closes, and resets where a request was still unread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import haproxy

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="haproxy without a server", causes=("no-healthy-backend",), needs=("haproxy",), seconds=3.0)


def run(bench: Bench) -> None:
    """Start haproxy before a closed port, wait for its checks, ask it for something."""
    rng = bench.rng
    port, dials = bench.port(), bench.dials(bench.server)
    to, check = (bench.address(bench.backend), port), "check inter 100ms fall 1"
    program, door = haproxy(bench, bench.server, bench.address(), to, check=check)
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
    program.kill()
    program.wait()
    bench.settle()
    for ports in dials.ports():
        if ports[1] == port:
            bench.truth(ports, "backend", "port-closed", "passive", "haproxy's check of a closed port")
