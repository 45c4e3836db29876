"""The root causes: one file each, found by walking this package.

A file holds its manual (the docstring), `CAUSE` and `judge`; where a kernel's event or captures of both ends can tell
more than the wire of one place, also `judge_kernel` or `judge_compared`, which are asked only when there are such.
Nothing else lists the causes: adding one is adding a file here, a scenario for the lab, and a case under tests/cases.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NamedTuple

from whyrst.causes.cause import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets

    Judge = Callable[[Resets], Iterator[Sign]]

__all__ = ["Cause", "Judged", "all_causes", "judges"]

NOT_CAUSES = frozenset({"cause", "evidence"})


class Judged(NamedTuple):
    """A cause and its judges.

    Attributes:
        cause: what it is.
        judge: signs that the wire of one place shows.
        judge_kernel: signs of the kernel that sent or received the reset, `Resets.kernel`.
        judge_compared: signs of captures taken at several places, `Resets.compared`.
    """

    cause: Cause
    judge: Judge
    judge_kernel: Judge | None = None
    judge_compared: Judge | None = None

    def signs(self, resets: Resets) -> Iterator[Sign]:
        """What all its judges say."""
        yield from self.judge(resets)
        if resets.kernel is not None and self.judge_kernel is not None:
            yield from self.judge_kernel(resets)
        if resets.compared is not None and self.judge_compared is not None:
            yield from self.judge_compared(resets)


@cache
def judges() -> dict[str, Judged]:
    """Every cause with its judge, by id, in the order of their files' names."""
    found = {}
    for module in sorted(m.name for m in iter_modules(__path__) if m.name not in NOT_CAUSES):
        loaded = import_module(f"{__name__}.{module}")
        cause = loaded.CAUSE.with_manual(loaded.__doc__ or "")
        further = (getattr(loaded, name, None) for name in ("judge_kernel", "judge_compared"))
        found[cause.id] = Judged(cause, loaded.judge, *further)
    return found


@cache
def all_causes() -> dict[str, Cause]:
    """Every cause, by id."""
    return {name: judged.cause for name, judged in judges().items()}
