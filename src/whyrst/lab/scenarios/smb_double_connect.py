"""A file client dials ports 445 and 139 at the same time and drops the slower one, as Windows' SMB client does.

Either the loser is given up before its SYN-ACK is there (the answer is passive), or it is open already and closed with
a reset.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from whyrst.lab import packets
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(title="SMB over 445 and 139, the loser dropped", causes=("race-loser",), forward=False)
DIRECT, NETBIOS = 445, 139
NEGOTIATE = b"\0\0\0\x66\xfeSMB\x40\0" + bytes(96)
"""The size and the magic of an SMB2 NEGOTIATE behind a session header."""


def run(bench: Bench) -> None:
    """Dial both ports, use one."""
    rng = bench.rng
    open_first = rng.random() < 0.5  # noqa: PLR2004 - half of the runs
    later = rng.uniform(0.005, 0.04)

    def slow(packet: Packet) -> Iterator[Packet]:
        header = packets.read(packet.data)
        behind = header is not None and header.is_syn_ack and header.ports[0] == NETBIOS and not open_first
        yield packet._replace(delay=packet.delay + later * behind)

    delay = rng.uniform(0.002, 0.02)
    bench.relay(delay=delay, hook=slow)
    listeners = {port: bench.listen(port=port) for port in (DIRECT, NETBIOS)}
    for _ in range(rng.randrange(1, 4)):
        ends = {}
        for port, listener in listeners.items():
            ends[port] = bench.socket(bench.client)
            ends[port].setblocking(False)
            ends[port].connect_ex(listener.getsockname()[:2])
        winner, loser = ends[DIRECT], ends[NETBIOS]
        how = "active" if open_first else "passive"
        ports = loser.getsockname()[1], NETBIOS
        bench.truth(ports, "client", "race-loser", how, "port 445 had answered, so port 139 was dropped")
        select.select([], [winner], [])
        if open_first:
            select.select([], [loser], [])
        bench.hang_up(loser)
        winner.setblocking(True)
        winner.sendall(NEGOTIATE)
        far = bench.accept(listeners[DIRECT])
        far.recv(4096)
        far.sendall(NEGOTIATE)
        winner.recv(4096)
        bench.settle(2 * delay + later)
        winner.close()
        far.close()
        bench.settle(4 * delay)
