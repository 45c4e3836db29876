"""An administrator destroys a socket with `ss -K`.

The kernel aborts the connection as if the program had asked for it: the peer gets a reset, the program ECONNABORTED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="ss -K", causes=("admin-kill",), needs=("ss",))


def run(bench: Bench) -> None:
    """Destroy the client's or the server's socket."""
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(1, 5))
    bench.settle(bench.rng.uniform(0.08, 0.5))
    mine, theirs = near.getsockname()[1], near.getpeername()[1]
    victim = bench.rng.choice(("client", "server"))
    bench.truth(near, victim, "admin-kill", "active", f"ss -K on the {victim}", also=("application-abort",))
    if victim == "client":
        bench.client.run("ss", "-K", "sport", "=", f":{mine}", "dport", "=", f":{theirs}")
    else:
        bench.server.run("ss", "-K", "sport", "=", f":{theirs}", "dport", "=", f":{mine}")
    bench.settle()
    for name, end in (("client", near), ("server", far)):
        try:
            end.recv(100)
        except OSError as error:
            bench.failed(name, error)
        end.close()
