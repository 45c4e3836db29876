"""Options of every command that writes a report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from whyrst.cli.causes import check_causes
from whyrst.cli.terminal import color_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from whyrst.reports import Format

USUAL = "text"
"""The format when none is named."""

CONDITIONS = ("harmful", "any")
"""What `--fail-on` takes beside causes."""


def _format(_: click.Context, __: click.Parameter, name: str) -> str:
    """Formats are looked up when one is asked for: knowing them means importing them."""
    if name == USUAL:
        return name
    from whyrst.reports import format_named, formats

    try:
        format_named(name)
    except KeyError:
        raise click.BadParameter(f"{name!r} is none of {', '.join(sorted(formats()))}") from None
    return name


def _conditions(_: click.Context, __: click.Parameter, wanted: Sequence[str]) -> Sequence[str]:
    check_causes(wanted, CONDITIONS)
    return wanted


def chosen_format(name: str, *, as_json: bool, quiet: bool, verbose: int) -> str:
    """The format that is asked for.

    Raises:
        click.UsageError: options contradict each other.
    """
    if quiet and verbose:
        raise click.UsageError("-q and -v exclude each other")
    if as_json and name not in {USUAL, "ndjson"}:
        raise click.UsageError(f"--json means --format ndjson; it does not go with --format {name}")
    return "ndjson" if as_json else name


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


filter_option = click.option(
    "-f", "--filter", "expression", metavar="EXPR", help="Only packets that this libpcap filter takes."
)
jobs_option = click.option(
    "-j", "--jobs", type=click.IntRange(1), metavar="N", help="Threads at most; as many as there are processors."
)
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--json", "as_json", is_flag=True, help="Short for --format ndjson: one verdict per line."),
    click.option(
        "--format",
        "name",
        metavar="NAME",
        default=USUAL,
        callback=_format,
        help="text, html, json (one document), ndjson, csv, parquet, zeek, ecs or ocsf.",
    ),
    click.option("-o", "--output", metavar="FILE", default="-", help="Write the report here instead of stdout."),
    click.option("-v", "--verbose", count=True, help="All evidence; -vv also the causes ruled out."),
    click.option("-q", "--quiet", is_flag=True, help="One line per reset."),
    color_option,
    click.option(
        "--fail-on",
        "conditions",
        metavar="WHAT",
        multiple=True,
        callback=_conditions,
        help="Exit with 1 if a reset is harmful, any, or of this CAUSE. Can be given again.",
    ),
    click.option("--no-progress", is_flag=True, help="No progress bar."),
)


def report_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command what all that write a report have: `as_json`, `name` of the format, `output`, `verbose`, `quiet`,
    `color`, `conditions`, `no_progress`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
