"""redis closes a client at an operator's command, and the client writes on.

CLIENT KILL makes redis close the socket, in order, with a FIN. The victim does not look and sends its next command,
which nobody takes any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import redis

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="redis CLIENT KILL", causes=("data-after-close",), needs=("redis-server",))


def run(bench: Bench) -> None:
    """Kill one client by another one's command; the victim goes on."""
    target = redis(bench)
    victim, operator = bench.dial(target), bench.dial(target)
    for _ in range(bench.rng.randrange(1, 5)):
        victim.sendall(b"PING\r\n")
        victim.recv(100)
    victim.sendall(b"CLIENT ID\r\n")
    number = victim.recv(100).strip(b":\r\n")
    bench.settle(bench.rng.uniform(0.03, 0.3))
    operator.sendall(b"CLIENT KILL ID " + number + b"\r\n")
    operator.recv(100)
    bench.settle(bench.rng.uniform(0.05, 0.6))
    bench.truth(victim, "server", "data-after-close", "passive", "a command after CLIENT KILL of its connection")
    victim.sendall(b"GET key\r\n")
    bench.settle()
    try:
        victim.recv(100)
        victim.sendall(b"GET key\r\n")
    except OSError as error:
        bench.failed("client", error)
    victim.close()
    operator.close()
    bench.settle()
