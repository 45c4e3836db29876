"""A SYN proxy on the router accepts connections for a server whose port is closed.

nft's synproxy completes the handshake with the client by itself, and only then dials the server. The server refuses,
and its reset reaches the client, with the server's TTL and not with that of the SYN-ACK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

# nft's synproxy takes every IPv6 SYN with its whole checksum for damaged (seen on Linux 6.18), so offload must be on.
SCENARIO = Scenario(title="nft synproxy before a dead server", causes=("syn-proxy",), offload=True)
RULES = """table inet lab {{
    chain early {{
        type filter hook prerouting priority raw;
        tcp dport {port} tcp flags syn notrack
    }}
    chain forward {{
        type filter hook forward priority 0;
        tcp dport {port} ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
        ct state invalid drop
    }}
}}
"""


def run(bench: Bench) -> None:
    """Dial through the proxy, send a request."""
    rng = bench.rng
    near, far = bench.pair()
    bench.exchange(near, far)
    bench.router.sysctl("net.netfilter.nf_conntrack_tcp_loose", 0)
    port = bench.port()
    bench.router.run("nft", "-f", "-", text=RULES.format(port=port))
    for _ in range(rng.randrange(1, 4)):
        mine = rng.randrange(40_000, 60_000)
        closed = ("port-closed",)  # All that is seen behind the proxy.
        why = "the proxy had accepted, the server refused"
        bench.truth((mine, port), "server", "syn-proxy", "passive", why, router=closed, server=closed)
        try:
            near = bench.dial((bench.address(), port), port=mine)
            near.sendall(rng.randbytes(rng.randrange(20, 900)))
            near.recv(1)
        except OSError as error:
            bench.failed("client", error)
        bench.settle(rng.uniform(0.01, 0.2))
