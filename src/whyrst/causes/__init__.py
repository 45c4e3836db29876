"""The root causes: one file each, found by walking this package.

A file holds its manual (the docstring), `CAUSE` and `judge`. Nothing else lists the causes: adding one is adding a
file here, a scenario for the lab, and a case under tests/cases.
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

__all__ = ["Cause", "Judged", "all_causes", "judges"]

NOT_CAUSES = frozenset({"cause", "evidence"})


class Judged(NamedTuple):
    """A cause and its judge."""

    cause: Cause
    judge: Callable[[Resets], Iterator[Sign]]


@cache
def judges() -> dict[str, Judged]:
    """Every cause with its judge, by id, in the order of their files' names."""
    found = {}
    for module in sorted(m.name for m in iter_modules(__path__) if m.name not in NOT_CAUSES):
        loaded = import_module(f"{__name__}.{module}")
        cause = loaded.CAUSE.with_manual(loaded.__doc__ or "")
        found[cause.id] = Judged(cause, loaded.judge)
    return found


@cache
def all_causes() -> dict[str, Cause]:
    """Every cause, by id."""
    return {name: judged.cause for name, judged in judges().items()}
