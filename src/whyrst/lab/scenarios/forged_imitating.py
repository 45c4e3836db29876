"""A forger that takes care: TTL, IP ID, window and flow label continue those of the alleged sender.

What it did not copy is the timestamps option. Linux puts that into every RST,ACK of a connection that uses it, so one
sign remains; and at times the real server speaks on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.relay import Packet
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire.segment import ACK, RST

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a careful forger that forgot the timestamps", causes=("forged-reset", "connection-gone"), forward=False
)


def run(bench: Bench) -> None:
    """Forge one RST,ACK that continues all counters, but without timestamps."""
    for host in (bench.client, bench.server):
        host.sysctl("net.ipv4.tcp_timestamps", 1)
    tap = forge.Tap()
    relay = bench.relay(delay=bench.rng.uniform(0.005, 0.03), hook=tap)
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(3, 6))
    bench.settle(bench.rng.uniform(0.1, 0.5))
    here, there = forge.ends(near)
    last = tap.last((there, here))
    data = tap.forge((there, here), flags=RST | ACK, ip_id=(last.ip_id + 1) & 0xFFFF, window=last.window)
    # Over IPv6 nothing tells that the server runs Linux, and other systems leave timestamps out of resets.
    unsure = ("undetermined",) if bench.family == 6 else ()  # noqa: PLR2004 - IP version
    bench.truth(
        (here, there),
        "server",
        "forged-reset",
        "forged",
        "one RST,ACK without timestamps",
        also=unsure,
        may_be_unseen=True,
    )
    relay.send(Packet("to-client", data, 0.0))
    try:
        near.recv(1)
    except OSError as error:
        bench.failed("client", error)
    if bench.rng.random() < 0.5:  # noqa: PLR2004 - half of them
        bench.truth(
            (here, there), "client", "connection-gone", "passive", "the server spoke on to a client that was reset",
            router=("undetermined",), server=("undetermined",),
        )  # fmt: skip
        far.sendall(b"event: tick\n\n")
        bench.settle(0.1)
