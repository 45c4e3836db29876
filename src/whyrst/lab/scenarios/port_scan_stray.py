"""nmap's scans with segments of no connection: ACK (-sA), FIN (-sF), NULL (-sN) and XMAS (-sX).

RFC 9293 section 3.10.7: a stray ACK is reset by closed and listening ports alike; a segment without ACK only by closed
ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="nmap -sA, -sF, -sN or -sX", causes=("port-scan",), needs=("nmap",), seconds=3.0)


def run(bench: Bench) -> None:
    """Scan a few listening and several closed ports in one of the four ways."""
    rng = bench.rng
    ports = rng.sample(range(2_000, 30_000), rng.randrange(8, 30))
    served = ports[: rng.randrange(1, 4)]
    for port in served:
        bench.listen(port=port)
    mine, how = rng.randrange(40_000, 60_000), rng.choice(("-sA", "-sF", "-sN", "-sX"))
    for port in ports:
        if how == "-sA" or port not in served:
            bench.truth((mine, port), "server", "port-scan", "passive", f"nmap {how}")
    version = ["-6"] if bench.family == 6 else []  # noqa: PLR2004 - IP version
    command = ["nmap", *version, "-n", "-Pn", how, "-g", str(mine), "-T4", "--max-retries", "1"]
    bench.client.run(*command, "-p", ",".join(map(str, ports)), bench.address())
