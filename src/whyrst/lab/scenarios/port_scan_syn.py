"""nmap's half-open scan (-sS) over open and closed ports.

nmap writes its SYNs through a raw socket. The kernel below knows nothing of them, so it resets each SYN-ACK; closed
ports refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="nmap -sS", causes=("port-scan",), needs=("nmap",), seconds=2.0)


def run(bench: Bench) -> None:
    """Scan a few open and several closed ports."""
    rng = bench.rng
    ports = rng.sample(range(2_000, 30_000), rng.randrange(8, 30))
    served = ports[: rng.randrange(1, 4)]
    for port in served:
        bench.listen(port=port)
    mine = rng.randrange(40_000, 60_000)
    for port in ports:
        sender = "client" if port in served else "server"
        unasked = ("unsolicited-syn-ack",) if sender == "client" else ()
        bench.truth((mine, port), sender, "port-scan", "passive", "nmap -sS", live=unasked)
    version = ["-6"] if bench.family == 6 else []  # noqa: PLR2004 - IP version
    command = ["nmap", *version, "-n", "-Pn", "-sS", "-g", str(mine), "-T4", "-p", ",".join(map(str, ports))]
    bench.client.run(*command, bench.address())
