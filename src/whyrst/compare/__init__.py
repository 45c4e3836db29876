"""Captures of the same traffic from several places prove where a reset was made.

import whyrst

for verdict in whyrst.compare(["client.pcap", "server.pcap"]).verdicts:
    print(verdict.cause, verdict.origin.kind, verdict.origin.places)
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from whyrst.compare.comparison import Comparison, compare
from whyrst.compare.place import CompareError, Pair, Place, View

__all__ = ["CompareError", "Comparison", "Pair", "Place", "View", "compare"]


class _Callable(ModuleType):
    """`whyrst.compare` is this package, and the function of that name, too."""

    def __call__(self, *arguments: Any, **options: Any) -> Comparison:
        """Compare captures, see `compare`."""
        return compare(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
