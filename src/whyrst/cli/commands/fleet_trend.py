"""`whyrst fleet trend`: resets over time, what is new, and spikes."""

from __future__ import annotations

import sys
from typing import Any

import click

from whyrst.cli.questions import archive_argument, asking, by_option, format_option, memory_option, selection_options
from whyrst.cli.terminal import color_option, colored


def _every(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    from whyrst.fleet.questions.period import span

    try:
        return span(text) if text is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@archive_argument
@click.option(
    "--every", callback=_every, metavar="SPAN",
    help="hour, day, week, 15m, 6h ...  [default: hour; of a longer time day or week]",
)  # fmt: skip
@by_option
@selection_options
@click.option("--new-since", default="1d", show_default=True, metavar="TIME", help="What was not seen before is new.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Of each list at most."
)
@format_option
@memory_option
@color_option
def command(
    *,
    out: str,
    every: int | None,
    by: tuple[str, ...],
    new_since: str,
    limit: int,
    name: str,
    memory: int,
    color: str,
    **selection: Any,
) -> None:
    """Count the resets of an archive over time; tell what is new, and where there were far more than before.

    OUT is the folder that whyrst fleet analyze wrote to. Times are in UTC.
    """
    from whyrst.cli.questions import moment, selected

    with asking(out, memory) as archive:
        from whyrst.fleet.questions import document, shown, shown_trend
        from whyrst.fleet.questions.buckets import fitting
        from whyrst.fleet.questions.trend import trend

        since, which = moment(archive, new_since, "--new-since"), selected(archive, selection)
        answer = trend(archive, by, which, every or fitting(archive, which), since, limit)
    stdout = sys.stdout.buffer
    if name == "json":
        stdout.write(document.json_bytes(document.trend_document(answer)))
    elif name == "csv":
        stdout.write(document.csv_bytes(document.trend_rows(answer)))
    else:
        shown_trend.trend(shown.page(stdout, color=colored(color)), answer)
