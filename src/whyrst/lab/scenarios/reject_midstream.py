"""A reject rule is loaded while a connection is in use.

The filter answers the client's next segment. The server's TCP never sees that segment and goes on: what it sends later
meets no connection at the client, which answers passively.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="a reject rule added to a live connection", causes=("firewall-reject",))
RULES = """table inet lab {{
    chain filter {{
        type filter hook {hook} priority 0;
        tcp dport {port} counter reject with tcp reset
    }}
}}
"""


def run(bench: Bench) -> None:
    """Talk, load the rule, talk on."""
    rng = bench.rng
    listener = bench.listen()
    port = listener.getsockname()[1]
    for _ in range(rng.randrange(1, 3)):
        near, far = bench.pair(listener)
        bench.exchange(near, far, rng.randrange(1, 4))
    near, far = bench.pair(listener)
    bench.exchange(near, far, rng.randrange(1, 4))
    bench.settle(0.1)  # Delayed acknowledgements must be through.
    host, hook = rng.choice(((bench.server, "input"), (bench.router, "forward")))
    host.run("nft", "-f", "-", text=RULES.format(hook=hook, port=port))
    bench.settle(rng.uniform(0.01, 0.3))
    how = f"a rule of the {host.name} rejected the client's data"
    bench.truth(near, "server", "firewall-reject", "firewall", how, origin=host.name)
    bench.truth(near, "client", "connection-gone", "passive", "the server went on after the filter's reset")
    near.sendall(rng.randbytes(rng.randrange(20, 900)))
    bench.settle()
    try:
        near.recv(1)
    except OSError as error:
        bench.failed("client", error)
    bench.settle(rng.uniform(0.01, 0.2))
    far.sendall(rng.randbytes(rng.randrange(20, 900)))
    bench.settle()
