"""Where a command writes: stdout or a file, never a capture that it reads."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The output as a byte stream; a file is made when something is written, so not for input that cannot be read."""
    if path == "-":
        yield sys.stdout.buffer
        return
    with click.open_file(path, "wb", lazy=True) as file:
        yield cast("BinaryIO", file)


def refuse_input(output: str, files: Sequence[str], option: str = "--output") -> None:
    """Never write over a file that is being read; stdout is none.

    Raises:
        click.BadParameter: the option names one of these files.
    """
    for name in files if output != "-" else ():
        if os.path.exists(output) and os.path.exists(name) and os.path.samefile(output, name):  # noqa: PTH110, PTH121
            raise click.BadParameter(f"{name} is an input", param_hint=option)
