"""`whyrst show`: one reset, with its ladder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from whyrst.cli.terminal import color_option, colored, width

if TYPE_CHECKING:
    from whyrst.reports.source import Judged, Source


@click.command()
@click.argument("file")
@click.option("--reset", "number", type=click.IntRange(min=1), metavar="N", help="The Nth reset of the capture.")
@click.option("--frame", type=click.IntRange(min=1), metavar="F", help="The reset in this frame, as Wireshark counts.")
@click.option("-f", "--filter", "expression", metavar="EXPR", help="Only packets that this libpcap filter takes.")
@click.option(
    "--format", "form", type=click.Choice(["text", "svg"]), default="text", help="svg: only the ladder, as a picture."
)
@click.option("-o", "--output", metavar="FILE", default="-", help="Write here instead of stdout.")
@click.option("-v", "--verbose", is_flag=True, help="Also the causes that are ruled out, and why.")
@color_option
def command(
    *,
    file: str,
    number: int | None,
    frame: int | None,
    expression: str | None,
    form: str,
    output: str,
    verbose: bool,
    color: str,
) -> None:
    """Show one reset of a capture: cause, evidence for and against, and the ladder of its connection.

    Without --reset or --frame it is the first one.
    """
    if number is not None and frame is not None:
        raise click.UsageError("--reset and --frame exclude each other")
    if not os.path.isfile(file) and (file == "-" or os.path.exists(file)):  # noqa: PTH110, PTH113  (names may be no UTF-8)
        raise click.UsageError("the capture is read twice, so it must be a file")
    from whyrst.analysis import analyze
    from whyrst.capture.errors import FilterError
    from whyrst.causes import all_causes
    from whyrst.cli.output import opened, refuse_input
    from whyrst.cli.progress import Bar
    from whyrst.reports.conversation import collect
    from whyrst.reports.page import Page
    from whyrst.reports.single import single

    refuse_input(output, [file])
    with Bar() as bar:
        try:
            report = analyze([file], filter=expression, progress=bar)
            judged, row = _wanted(report, frame, number or 1)
        except FilterError as error:
            raise click.BadParameter(str(error), param_hint="--filter") from error
        verdict = judged.verdict(row)
        (conversation,) = collect([verdict], report.reread()).values()
    with opened(output) as out:
        if form == "svg":
            from whyrst.reports.svg.ladder import draw

            out.write(draw(conversation).encode())
            return
        to_file = output != "-"
        page = Page(out, width(to_file=to_file), color=colored(color, to_file=to_file))
        ruled_out = judged.ruled_out(row) if verbose else []
        single(page, verdict, all_causes().get(verdict.cause), conversation, ruled_out)


def _wanted(source: Source, frame: int | None, number: int) -> tuple[Judged, int]:
    """The reset in a frame or with a number, else an error that says what there is."""
    before = 0
    for judged in source.batches():
        if frame is None:
            if number <= before + len(judged):
                return judged, number - before - 1
        else:
            for row in (judged.frame == frame).nonzero()[0]:
                return judged, int(row)
        before += len(judged)
    there = f"the capture holds {before:,} of them" if before else "the capture holds none"
    raise click.ClickException(f"no reset {f'in frame {frame}' if frame is not None else number}: {there}")
