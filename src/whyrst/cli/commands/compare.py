"""`whyrst compare`: captures of the same traffic from several places."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from whyrst.cli.reporting import check_format, chosen_format, filter_option, jobs_option, report_options
from whyrst.cli.terminal import colored, width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from whyrst.cli.progress import Bar
    from whyrst.compare import Comparison
    from whyrst.model import ConnectionInfo
    from whyrst.reports.page import View
    from whyrst.reports.vantages import Passage


def _names(_: click.Context, __: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """PLACE=FILE pairs."""
    names = {}
    for one in given:
        place, sign, file = one.partition("=")
        if not sign or place not in {"client", "between", "server"}:
            raise click.BadParameter(f"{one!r} is not client=FILE, between=FILE or server=FILE")
        if place in names:
            raise click.BadParameter(f"{place} can be said of one capture only")
        names[place] = file
    return names


@click.command()
@click.argument("files", metavar="FILE FILE...", nargs=-1, required=True)
@filter_option
@click.option(
    "--names", metavar="PLACE=FILE", multiple=True, callback=_names,
    help="Where a capture was taken (client, between or server), if it is known better than the captures tell.",
)  # fmt: skip
@click.option("--reset", "number", type=click.IntRange(min=1), metavar="N", help="Only the Nth reset, with its ladder.")
@click.option("--ladder", metavar="FILE", help="With --reset: its ladder, as a picture (SVG) of all places.")
@jobs_option
@report_options
def command(
    *,
    files: tuple[str, ...],
    expression: str | None,
    names: dict[str, str],
    number: int | None,
    ladder: str | None,
    as_json: bool,
    name: str,
    output: str,
    verbose: int,
    quiet: bool,
    color: str,
    conditions: Sequence[str],
    jobs: int | None,
    no_progress: bool,
) -> int:
    """Tell where and why connections were reset, from captures of the same traffic taken at several places.

    Two captures or more, in any order: of both ends, or of devices between. A reset that one end received and the
    other never sent was made between; one that was sent and not received was dropped there.
    """
    name = chosen_format(name, as_json=as_json, quiet=quiet, verbose=verbose)
    if number is not None and (name != "text" or quiet):
        raise click.UsageError("--reset shows one reset as text")
    _check_ladder(ladder, number, output, files)
    from whyrst.capture.errors import damage_line
    from whyrst.cli.fail_on import Watched
    from whyrst.cli.output import opened, refuse_input
    from whyrst.cli.progress import Bar
    from whyrst.cli.status import Status, say
    from whyrst.reports import format_named
    from whyrst.reports.page import View

    to_file = output != "-"
    refuse_input(output, files)
    form = format_named(name)
    check_format(form, to_file=to_file)
    detail = -1 if quiet else verbose
    view = View(width=width(to_file=to_file), color=colored(color, to_file=to_file), detail=detail, names=files)
    wanted = not no_progress and (name == "text" or to_file or not sys.stdout.isatty())
    with Bar(wanted=wanted) as bar, opened(output) as out:
        comparison = _compared(files, expression, names, bar, jobs)
        report = Watched(comparison, bar.close)
        if number is not None:
            _one(comparison, number, out, view, ladder)
        else:
            if name == "text" and not quiet:
                _places(comparison, out, view)
            form.write(report, out, view)
        out.flush()
    damage = comparison.quality.damage
    for one in damage:
        say(f"warning: {damage_line(one)}")
    if report.matches(conditions):
        return Status.MATCHED
    return Status.DAMAGED if damage else Status.DONE


def _check_ladder(ladder: str | None, number: int | None, output: str, files: Sequence[str]) -> None:
    """Refuse a picture of no reset, or in a place that is taken.

    Raises:
        click.UsageError: which of these.
    """
    from whyrst.cli.output import refuse_input

    if ladder is None:
        return
    if number is None:
        raise click.UsageError("--ladder draws the reset that --reset names")
    if ladder == output:
        raise click.UsageError("--ladder and --output need a file each")
    refuse_input(ladder, files, "--ladder")


def _compared(
    files: Sequence[str], expression: str | None, names: dict[str, str], bar: Bar, jobs: int | None
) -> Comparison:
    """Lay the captures side by side.

    Raises:
        click.ClickException: that makes no sense.
    """
    from whyrst.capture.errors import FilterError
    from whyrst.compare import CompareError, compare

    try:
        return compare(files, filter=expression, names=names, progress=bar, jobs=jobs)
    except FilterError as error:
        raise click.BadParameter(str(error), param_hint="--filter") from error
    except CompareError as error:
        raise click.ClickException(str(error)) from error


def _places(comparison: Comparison, out: BinaryIO, view: View) -> None:
    """Where the captures were taken, above the report."""
    from whyrst.compare.shown import places
    from whyrst.reports.page import Page

    places(Page(out, view.width, color=view.color), comparison)


def _one(comparison: Comparison, number: int, out: BinaryIO, view: View, ladder: str | None) -> None:
    """One reset with the ladder of all places, which is also drawn if a file for it is named.

    Raises:
        click.ClickException: there are not so many.
    """
    from whyrst.causes import all_causes
    from whyrst.compare.shown import places
    from whyrst.reports.page import Page
    from whyrst.reports.single import around, side_by_side

    before = 0
    for judged in comparison.batches():
        if number <= before + len(judged):
            row = number - before - 1
            verdict = judged.verdict(row)
            page = Page(out, view.width, color=view.color)
            places(page, comparison)
            ruled_out = judged.ruled_out(row) if view.detail > 0 else []
            around(page, verdict, all_causes().get(verdict.cause), ruled_out)
            passages = comparison.passages(verdict)
            side_by_side(page, [place.place for place in comparison.places], passages)
            if ladder is not None:
                _draw(comparison, verdict.connection, passages, ladder)
            return
        before += len(judged)
    there = f"the captures hold {before:,} of them" if before else "the captures hold none"
    raise click.ClickException(f"no reset {number}: {there}")


def _draw(comparison: Comparison, connection: ConnectionInfo, passages: Sequence[Passage], path: str) -> None:
    """The ladder of all places as a picture."""
    from whyrst.cli.output import opened
    from whyrst.reports.svg.passages import side_by_side

    places = [(place.place, os.path.basename(place.capture)) for place in comparison.places]  # noqa: PTH119  (no UTF-8)
    with opened(path) as out:
        out.write(side_by_side(connection, places, passages).encode())
