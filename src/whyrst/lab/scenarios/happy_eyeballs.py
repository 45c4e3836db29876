"""A client dials a name's IPv6 and IPv4 address and keeps the one that answers first (RFC 8305).

The second attempt starts a little after the first, which is slow. The loser is given up before its SYN-ACK is there, or
closed with a reset just after it opened.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(title="IPv6 and IPv4 raced, the loser dropped", causes=("race-loser",), forward=False)


def run(bench: Bench) -> None:
    """Race both versions, use one."""
    rng = bench.rng
    wins, loses = rng.choice(((4, 6), (6, 4)))
    delay, late = rng.uniform(0.005, 0.02), rng.uniform(0.08, 0.15)

    def slow(packet: Packet) -> Iterator[Packet]:
        version = packet.data[0] >> 4
        yield packet._replace(delay=late if version == loses else delay)

    bench.relay(hook=slow)
    port = bench.port()
    listeners = {}
    for version in (4, 6):
        listeners[version] = bench.socket(bench.server, family=version)
        listeners[version].bind((bench.server.address(version), port))
        listeners[version].listen()
    ends = {}
    for version in (loses, wins):
        ends[version] = bench.socket(bench.client, family=version)
        ends[version].setblocking(False)
        ends[version].connect_ex((bench.server.address(version), port))
        bench.settle(rng.uniform(0.01, 0.05))
    wait = rng.random() < 0.3  # noqa: PLR2004 - some runs
    how = "active" if wait else "passive"
    ports = ends[loses].getsockname()[1], port
    why = f"IPv{wins} had answered, so IPv{loses} was dropped"
    # Only the client's side shows that both addresses are one client's.
    apart = ("application-abort",) if wait else ("late-syn-ack",)
    bench.truth(ports, "client", "race-loser", how, why, router=apart, server=apart)
    select.select([], [ends[loses if wait else wins]], [])
    bench.hang_up(ends[loses])
    near, far = ends[wins], bench.accept(listeners[wins])
    near.setblocking(True)
    bench.exchange(near, far, rng.randrange(1, 4))
    bench.settle(2 * late + 0.05)
    near.close()
    far.close()
