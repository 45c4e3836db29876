"""As nat_idle, with the shortest idle timeout that real devices have: half a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.scenarios import nat_idle

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a NAT or balancer that forgets idle connections after 30 s",
    causes=("idle-timeout",),
    forward=False,
    seconds=33.0,
)


def run(bench: Bench) -> None:
    """Let connections be silent for half a minute."""
    nat_idle.play(bench, 30.0)
