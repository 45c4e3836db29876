"""What stdout can show: its width, and whether colour is wanted."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PIPED = 80
"""Columns when the output is no terminal."""

WIDEST = 100
"""Columns beyond which text is hard to read."""

NARROWEST = 60

color_option: Callable[[Any], Any] = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="When to colour; auto: on a terminal, unless NO_COLOR is set.",
)


def width(*, to_file: bool = False) -> int:
    """Columns to use."""
    if to_file or not sys.stdout.isatty():
        return PIPED
    import shutil  # brings decompressors along: 2 ms that only a terminal needs

    return max(NARROWEST, min(shutil.get_terminal_size((PIPED, 24)).columns, WIDEST))


def colored(choice: str, *, to_file: bool = False) -> bool:
    """Whether to colour (https://no-color.org: a NO_COLOR that is not empty says no)."""
    if choice != "auto":
        return choice == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain and not to_file and sys.stdout.isatty()
