"""A firewall on the path refuses a port with `reject with tcp reset`.

The router writes the reset in the server's name, from one hop nearer: its TTL is one above that of the server's other
packets. The server sees nothing of it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="nft reject on the router", causes=("firewall-reject",))
RULES = """table inet lab {{
    chain forward {{
        type filter hook forward priority 0;
        tcp dport {port} counter reject with tcp reset
    }}
}}
"""


def run(bench: Bench) -> None:
    """Refuse one port and let another pass."""
    rng = bench.rng
    listener = bench.listen()
    port = bench.port()
    bench.listen(port=port)
    bench.router.run("nft", "-f", "-", text=RULES.format(port=port))
    for _ in range(rng.randrange(1, 4)):
        near, far = bench.pair(listener)
        bench.exchange(near, far)
        near.close()
        far.close()
        mine = rng.randrange(40_000, 60_000)
        bench.truth((mine, port), "server", "firewall-reject", "firewall", "the router's rule rejected the SYN")
        with suppress(ConnectionRefusedError):
            bench.dial((bench.address(), port), port=mine)
        bench.settle(rng.uniform(0.01, 0.2))
