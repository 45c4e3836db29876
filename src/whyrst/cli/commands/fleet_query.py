"""`whyrst fleet query`: SQL over an archive."""

from __future__ import annotations

import sys

import click

from whyrst.cli.questions import archive_argument, asking, format_option, memory_option
from whyrst.cli.terminal import color_option, colored


@click.command()
@archive_argument
@click.argument("sql")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True, metavar="N", help="Rows at most.")
@format_option
@memory_option
@color_option
def command(*, out: str, sql: str, limit: int, name: str, memory: int, color: str) -> None:
    """Ask an archive in SQL, as DuckDB understands it: one SELECT over verdicts, incidents and quality.

    Columns are the fields of these objects (DESCRIBE verdicts lists them), and day and point. Nothing else can be read,
    and nothing is written. OUT is the folder that whyrst fleet analyze wrote to.
    """
    from whyrst.cli.status import say

    with asking(out, memory) as archive:
        from whyrst.fleet.questions import document, shown
        from whyrst.fleet.questions.query import query, query_objects

        stdout = sys.stdout.buffer
        if name == "json":
            rows, more = query_objects(archive, sql, limit)
            stdout.write(document.json_bytes(rows))
        else:
            answer = query(archive, sql, limit)
            more = answer.more
            if name == "csv":
                stdout.write(document.csv_bytes([answer.columns, *answer.rows]))
            else:
                shown.query(shown.page(stdout, color=colored(color)), answer)
    if more:
        say(f"these are the first {limit:,} rows; --limit gives more")
