"""nmap's connect scan (-sT): ordinary connects, dropped by a reset as soon as they are open; closed ports refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="nmap -sT", causes=("port-scan",), needs=("nmap",), seconds=2.0)


def run(bench: Bench) -> None:
    """Scan a few open and several closed ports."""
    rng = bench.rng
    ports = rng.sample(range(2_000, 30_000), rng.randrange(12, 40))
    served = ports[: rng.randrange(1, 4)]
    for port in served:
        bench.listen(port=port)
    dials = bench.dials()
    version = ["-6"] if bench.family == 6 else []  # noqa: PLR2004 - IP version
    command = ["nmap", *version, "-n", "-Pn", "-sT", "-T4", "-p", ",".join(map(str, ports))]
    bench.client.run(*command, bench.address())
    for mine, port in dials.ports():
        if port in served:
            bench.truth(
                (mine, port), "client", "port-scan", "active", "nmap -sT closes what is open by a reset",
                live=("linger-zero",),
            )  # fmt: skip
        else:
            bench.truth((mine, port), "server", "port-scan", "passive", "nmap -sT tried a closed port")
