"""`whyrst fleet top`: what was reset most."""

from __future__ import annotations

import sys
from typing import Any

import click

from whyrst.cli.questions import archive_argument, asking, by_option, format_option, memory_option, selection_options
from whyrst.cli.terminal import color_option, colored


@click.command()
@archive_argument
@by_option
@selection_options
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Rows at most.")
@format_option
@memory_option
@color_option
def command(*, out: str, by: tuple[str, ...], limit: int, name: str, memory: int, color: str, **selection: Any) -> None:
    """Count the resets of an archive by what they have in common, most first.

    OUT is the folder that whyrst fleet analyze wrote to.
    """
    from whyrst.cli.questions import selected

    with asking(out, memory) as archive:
        from whyrst.fleet.questions import document, shown
        from whyrst.fleet.questions.top import top

        answer = top(archive, by, selected(archive, selection), limit)
    stdout = sys.stdout.buffer
    if name == "json":
        stdout.write(document.json_bytes(document.top_document(answer)))
    elif name == "csv":
        stdout.write(document.csv_bytes(document.top_rows(answer)))
    else:
        shown.top(shown.page(stdout, color=colored(color)), answer)
