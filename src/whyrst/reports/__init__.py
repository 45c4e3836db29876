"""Formats of a report: each module here with a `FORMAT` is one, and is found by that.

A format is a name `FORMAT` and a function `write(source, out, view)` that writes to a byte stream. Adding a
format is adding one file.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from whyrst.reports.page import View
    from whyrst.reports.source import Source


class Format(Protocol):
    """A module that writes a report.

    It may also say `BINARY = True` when it writes nothing for a terminal, and `NEEDS = (library, extra)` when it works
    only with a library that an extra of whyrst brings.
    """

    FORMAT: str

    def write(self, source: Source, out: BinaryIO, view: View) -> None:
        """Write all of it."""


def format_named(name: str) -> Format:
    """The format of this name. A module that is called like its format is found without importing the others.

    Raises:
        KeyError: there is none.
    """
    if name in {found.name for found in iter_modules(__path__)}:
        module = import_module(f"{__name__}.{name}")
        if getattr(module, "FORMAT", None) == name:
            return cast("Format", module)
    return formats()[name]


@cache
def formats() -> Mapping[str, Format]:
    """All formats by name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.FORMAT: module for module in modules if hasattr(module, "FORMAT")}
