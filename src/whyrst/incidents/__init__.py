"""Verdicts that belong together: one file per kind of incident, found by walking this package.

A kind says which causes it gathers, by which key, and how many connections make it an incident. Resets are judged in
batches, so an incident may grow from batch to batch; its id is fixed when it is first seen.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whyrst.incidents.kind import Kind

NOT_KINDS = frozenset({"kind", "gather"})


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind of incident, the most telling first."""
    found = [import_module(f"{__name__}.{m.name}").KIND for m in iter_modules(__path__) if m.name not in NOT_KINDS]
    return tuple(sorted(found, key=lambda kind: kind.rank))
