"""`whyrst analyze`: verdicts of captures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from whyrst.cli.reporting import check_format, chosen_format, filter_option, jobs_option, report_options
from whyrst.cli.terminal import colored, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.kernel.event import KernelEvent
    from whyrst.reports.source import Source


def _chosen(report: Source, listing: str | None, files: Sequence[str]) -> Source:
    """The report, or that of the listed connections."""
    if listing is None:
        return report
    if listing == "-" and "-" in files:
        raise click.UsageError("standard input cannot be both a capture and the list of connections")
    from whyrst.cli.chosen import Chosen
    from whyrst.cli.connections import ConnectionsError, listed

    try:
        return Chosen(report, listed(listing))
    except ConnectionsError as error:
        raise click.ClickException(str(error)) from error


def _events(path: str | None) -> list[KernelEvent] | None:
    """Recorded events, all of them: any may belong to the first reset."""
    if path is None:
        return None
    from whyrst.kernel.recorded import RecordError, read

    try:
        return list(read(path))
    except RecordError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@filter_option
@click.option(
    "--events", "recorded", metavar="FILE", help="What the kernel told meanwhile, from whyrst trace --events."
)
@click.option("--join", is_flag=True, help="The files are one rotated capture: connections go on from file to file.")
@click.option(
    "--connections",
    "listing",
    metavar="FILE",
    help="Only resets of connections that stand in this Zeek conn.log (TSV or JSON) or list of Community IDs.",
)
@jobs_option
@report_options
def command(
    *,
    files: tuple[str, ...],
    expression: str | None,
    recorded: str | None,
    join: bool,
    listing: str | None,
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
    """Tell why the connections in captures were reset.

    FILE is a pcap or pcapng capture, also compressed; - is standard input, as in
    tcpdump -w - | whyrst analyze -
    """
    name = chosen_format(name, as_json=as_json, quiet=quiet, verbose=verbose)
    from whyrst.analysis import analyze
    from whyrst.capture.errors import FilterError, damage_line
    from whyrst.cli.fail_on import Watched
    from whyrst.cli.interrupt import ends_input
    from whyrst.cli.output import opened, refuse_input
    from whyrst.cli.progress import Bar
    from whyrst.cli.status import Status, say
    from whyrst.reports import format_named
    from whyrst.reports.page import View

    to_file = output != "-"
    if to_file:
        refuse_input(output, [*files, *(one for one in (listing, recorded) if one is not None)])
    view = View(
        width=width(to_file=to_file),
        color=colored(color, to_file=to_file),
        detail=-1 if quiet else verbose,
        names=files,
    )
    streams_to_terminal = (quiet or name != "text") and not to_file and sys.stdout.isatty()
    with (
        Bar(wanted=not no_progress and not streams_to_terminal) as bar,
        ends_input(wanted="-" in files) as interrupt,
        opened(output) as out,
    ):
        try:
            analysis = analyze(files, filter=expression, join=join, progress=bar, events=_events(recorded), jobs=jobs)
            report = Watched(_chosen(analysis, listing, files), bar.close)
            form = format_named(name)
            check_format(form, to_file=to_file)
            form.write(report, out, view)
        except FilterError as error:
            raise click.BadParameter(str(error), param_hint="--filter") from error
        out.flush()
    damage = report.quality.damage
    for one in damage:
        say(f"warning: {damage_line(one)}")
    for unread in analysis.errors:
        say(str(unread))
    if interrupt.happened:
        return Status.INTERRUPTED
    if analysis.errors:
        return Status.UNREADABLE
    if report.matches(conditions):
        return Status.MATCHED
    return Status.DAMAGED if damage else Status.DONE
