"""As blind_reset_attack, but one guess is exact and kills the server's half. The client learns it when it speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.scenario import Scenario
from whyrst.lab.scenarios.blind_reset_attack import sweep

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="blind resets, one of which hits", causes=("blind-reset-attack", "connection-gone"))


def run(bench: Bench) -> None:
    """Sweep with an exact guess among them, then let the client speak."""
    near, far = bench.pair()
    sweep(bench, near, far, hit=True)
    bench.truth(
        forge.ends(near), "server", "connection-gone", "passive", "the client spoke to a server that had been reset",
        client=("undetermined",),
    )  # fmt: skip
    near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    try:
        near.recv(1)
    except OSError as error:
        bench.failed("client", error)
