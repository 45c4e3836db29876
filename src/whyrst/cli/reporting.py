"""Options of every command that writes a report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from whyrst.cli.causes import check_causes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.reports import Format

CONDITIONS = ("harmful", "any")
"""What `--fail-on` takes beside causes."""


def _format(_: click.Context, __: click.Parameter, name: str) -> str:
    """The formats are looked up when one is asked for: knowing them means importing them."""
    from whyrst.reports import formats

    if name not in formats():
        raise click.BadParameter(f"{name!r} is none of {', '.join(sorted(formats()))}")
    return name


def _conditions(_: click.Context, __: click.Parameter, wanted: Sequence[str]) -> Sequence[str]:
    check_causes(wanted, CONDITIONS)
    return wanted


def ndjson(name: str) -> str:
    """What `--json` makes of the format."""
    if name not in {"text", "ndjson"}:
        raise click.UsageError(f"--json means --format ndjson; it does not go with --format {name}")
    return "ndjson"


def check_format(form: Format, *, to_file: bool) -> None:
    """Refuse a format that cannot be shown here, or that lacks its library.

    Raises:
        click.ClickException: it cannot be used.
    """
    from importlib.util import find_spec

    if getattr(form, "BINARY", False) and not to_file and sys.stdout.isatty():
        raise click.UsageError(f"--format {form.FORMAT} is nothing for a terminal; name a file with -o")
    library, extra = getattr(form, "NEEDS", (None, None))
    if library is not None and find_spec(library) is None:
        raise click.ClickException(f"--format {form.FORMAT} needs {library}: install whyrst[{extra}]")


format_option = click.option(
    "--format",
    "name",
    metavar="NAME",
    default="text",
    callback=_format,
    help="text, html, json (one document), ndjson, csv, parquet, zeek, ecs or ocsf.",
)
fail_on_option = click.option(
    "--fail-on",
    "conditions",
    metavar="WHAT",
    multiple=True,
    callback=_conditions,
    help="Exit with 1 if a reset is harmful, any, or of this CAUSE. Can be given again.",
)
