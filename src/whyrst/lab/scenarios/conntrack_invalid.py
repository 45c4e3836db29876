"""A segment of the server skips address translation, because conntrack takes it for INVALID.

The client talks to a service address, the router translates it to the server (DNAT). One segment of the server lies
outside of the window that the router tracks: it forwards the segment as it stands, so the client sees a stranger and
resets it. That reset reaches the server, fits there, and ends the real connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire.segment import ACK

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a packet that conntrack calls INVALID skips NAT", causes=("conntrack-invalid", "connection-gone"),
    needs=("nft",),
)  # fmt: skip


def run(bench: Bench) -> None:
    """Talk through DNAT, let a segment slip by, let the client speak again."""
    listener = bench.listen()
    port = listener.getsockname()[1]
    service = bench.address(bench.backend)
    kind = "ip" if bench.family == 4 else "ip6"  # noqa: PLR2004 - IP version
    bench.router.run("nft", "-f", "-", text=f"table inet service {{\n chain pre {{\n type nat hook prerouting priority"
        f" -100;\n {kind} daddr {service} tcp dport {port} dnat {kind} to {bench.address()}\n }}\n}}\n")  # fmt: skip
    bench.router.sysctl("net.netfilter.nf_conntrack_tcp_be_liberal", 0)
    tap = forge.Tap().listen(bench.server)
    near = bench.dial((service, port))
    far = bench.accept(listener)
    bench.exchange(near, far, bench.rng.randrange(2, 5))
    bench.settle(0.1)
    tap.stop()
    here, there = forge.ends(near)
    # The twin connection stands in the client's capture alone; at the server, a filter that takes offence at single
    # segments looks the same.
    bench.truth(
        (here, there), "client", "conntrack-invalid", "passive", "a segment reached it untranslated",
        router=("undetermined", "firewall-reject"), server=("undetermined", "firewall-reject"),
    )  # fmt: skip
    astray = tap.forge(
        (there, here), step=bench.rng.randrange(1 << 22, 1 << 24), flags=ACK, window=tap.last((there, here)).window,
        payload=bytes(bench.rng.randrange(100, 1400)),
    )  # fmt: skip
    forge.send(bench.server, astray)
    bench.settle(bench.rng.uniform(0.1, 0.5))
    how = "the client spoke to a server that its reset had reached"
    # The client's own reset stands in what looks like another connection.
    bench.truth(
        (here, there), "server", "connection-gone", "passive", how, may_be_unseen=True, client=("undetermined",),
        elsewhere=(((here, there), "backend"),),
    )  # fmt: skip
    near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    try:
        near.recv(1)
    except OSError as error:
        bench.failed("client", error)
