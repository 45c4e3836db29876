"""What a scenario file says about itself, and how scenarios are found: by walking `lab.scenarios`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from whyrst.lab.bench import Bench


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One way to make resets happen for real.

    Attributes:
        title: what happens, one line.
        causes: ids of the causes that its resets have; empty for a control.
        forward: the router forwards in its kernel (nftables can act there); False: `Bench.relay` carries the packets.
        offload: the hosts leave checksums and cutting of segments to their network cards; None: the seed decides.
        needs: programs that must be installed.
        seconds: about how long a run takes.
    """

    title: str
    causes: tuple[str, ...]
    forward: bool = True
    offload: bool | None = None
    needs: tuple[str, ...] = ()
    seconds: float = 1.0


@dataclass(frozen=True)
class Found:
    """A scenario and its program.

    Attributes:
        name: the module's name.
        scenario: what it says about itself.
        run: the program.
        manual: the module's docstring.
    """

    name: str
    scenario: Scenario
    run: Callable[[Bench], None]
    manual: str


@cache
def scenarios() -> dict[str, Found]:
    """Every scenario by name."""
    from whyrst.lab import scenarios as package

    found = {}
    for name in sorted(m.name for m in iter_modules(package.__path__)):
        module = import_module(f"{package.__name__}.{name}")
        found[name] = Found(name, module.SCENARIO, module.run, module.__doc__ or "")
    return found
