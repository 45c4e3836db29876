"""What a probe says about itself, and what it may ask the host before it says whether it can run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NamedTuple

from whyrst.kernel.btf import Btf
from whyrst.kernel.libbpf import BpfError, BpfObject
from whyrst.kernel.symbols import Symbols

if TYPE_CHECKING:
    from collections.abc import Callable

OBJECT = Path(__file__).parent / "bpf" / "whyrst.bpf.o"
KPROBES = Path("/sys/bus/event_source/devices/kprobe/type")


class Ability(NamedTuple):
    """Whether and how a probe can run here.

    Attributes:
        programs: of the BPF object; empty when it cannot run.
        how: in a few words, what it attaches to.
        misses: what stays unseen here, and why; empty when nothing does.
    """

    programs: tuple[str, ...]
    how: str
    misses: str = ""


class Host:
    """What probes ask before they say whether they can run.

    Raises:
        BpfError: no libbpf, or no BTF.
    """

    def __init__(self) -> None:
        self.btf = Btf()

    @cached_property
    def symbols(self) -> Symbols:
        """Functions of the kernel."""
        return Symbols()

    @property
    def kprobes(self) -> bool:
        """Whether the kernel has kprobes."""
        return KPROBES.exists()

    def refusal(self, program: str) -> str:
        """Why the kernel does not load a program; empty when it does."""
        trial = BpfObject(str(OBJECT))
        try:
            trial.choose({program})
            trial.load()
            trial.attach(program)
        except BpfError as error:
            return str(error)
        finally:
            trial.close()
        return ""


@dataclass(frozen=True)
class Probe:
    """One thing that is watched.

    Attributes:
        name: of its module.
        sees: what it tells, for `whyrst doctor`.
        can_run: whether and how it can run.
    """

    name: str
    sees: str
    can_run: Callable[[Host], Ability]


@cache
def probes() -> dict[str, Probe]:
    """Every probe by name, found by walking `kernel.probes`."""
    from whyrst.kernel import probes as package

    found = {}
    for name in sorted(m.name for m in iter_modules(package.__path__)):
        module = import_module(f"{package.__name__}.{name}")
        found[name] = Probe(name, module.SEES, module.can_run)
    return found
