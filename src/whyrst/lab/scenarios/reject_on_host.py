"""The server's own packet filter refuses a port with `reject with tcp reset`.

The filter writes what TCP would write to a closed port, except that it copies neither the TOS byte (IPv4) nor gives the
packet a flow label (IPv6). Over IPv4 with TOS 0 nobody can tell on the wire.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="nft reject on the server", causes=("firewall-reject",))
RULES = """table inet lab {{
    chain input {{
        type filter hook input priority 0;
        tcp dport {port} counter reject with tcp reset
    }}
}}
"""


def run(bench: Bench) -> None:
    """Refuse one port, served or not, and serve another."""
    rng = bench.rng
    near, far = bench.pair()
    bench.exchange(near, far)
    near.close()
    far.close()
    port = bench.port()
    if rng.random() < 0.5:  # noqa: PLR2004 - half of the runs
        bench.listen(port=port)
    bench.server.run("nft", "-f", "-", text=RULES.format(port=port))
    tos = rng.choice((0, 0x10, 0x28, 0xB8))
    for _ in range(rng.randrange(1, 4)):
        dialer, mine = bench.socket(bench.client), rng.randrange(40_000, 60_000)
        dialer.bind((bench.address(bench.client), mine))
        if bench.family == 4:  # noqa: PLR2004 - IP version
            dialer.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        also = ("port-closed",) if bench.family == 4 and tos == 0 else ()  # noqa: PLR2004 - IP version
        mechanism = "firewall" if not also else "passive"
        bench.truth((mine, port), "server", "firewall-reject", mechanism, RULES, origin="server", also=also)
        with suppress(ConnectionRefusedError):
            dialer.connect((bench.address(), port))
        bench.settle(rng.uniform(0.01, 0.2))
