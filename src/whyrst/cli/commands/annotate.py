"""`whyrst annotate`: a capture with verdicts as packet comments."""

from __future__ import annotations

import os
import sys

import click


@click.command()
@click.argument("file", metavar="IN")
@click.argument("output", metavar="OUT.pcapng")
@click.option("-f", "--filter", "expression", metavar="EXPR", help="Judge only packets that this libpcap filter takes.")
@click.option("--force", is_flag=True, help="Replace OUT if it exists.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def command(*, file: str, output: str, expression: str | None, force: bool, no_progress: bool) -> int:
    """Copy a capture and write each verdict on its reset, and the evidence on its packets.

    The packets stay the same; the comments are for Wireshark: filter by
    frame.comment contains "whyrst". The summary stands in the file's properties.

    IN is a pcap or pcapng capture, also compressed. It is read twice: a pipe as
    standard input (-) is kept in a temporary file, up to 4 GiB. OUT may be -.
    """
    _check(file, output, force=force)
    import sqlite3

    from whyrst.annotate import annotate
    from whyrst.annotate.rewind import keep_input
    from whyrst.annotate.summary import DISPLAY_FILTER
    from whyrst.capture.errors import STDIN, FilterError, damage_line, shown
    from whyrst.cli.interrupt import ends_input
    from whyrst.cli.progress import Bar
    from whyrst.cli.status import Status, say
    from whyrst.reports.amounts import count

    with ends_input(wanted=file == STDIN) as interrupt:
        cut = keep_input() if file == STDIN else None
    with Bar(wanted=not no_progress) as bar:
        try:
            done = annotate(file, sys.stdout.buffer if output == "-" else output, filter=expression, progress=bar)
        except FilterError as error:
            raise click.BadParameter(str(error), param_hint="--filter") from error
        except sqlite3.Error as error:
            raise click.ClickException(f"the comments cannot be kept in a temporary file: {error}") from error
    damage = [*done.quality.damage, *([cut] if cut else [])]
    for one in damage:
        say(f"warning: {damage_line(one)}")
    if output != "-":
        hint = f"; in Wireshark: {DISPLAY_FILTER}" if done.frames else ""
        click.echo(f"{count(done.resets, 'reset')}, {count(done.frames, 'packet')} commented in {shown(output)}{hint}")
    if interrupt.happened:
        return Status.INTERRUPTED
    return Status.DAMAGED if damage else Status.DONE


def _check(file: str, output: str, *, force: bool) -> None:
    """Refuse to write over the input, over a file unasked, or to a terminal."""
    if output == "-":
        if sys.stdout.isatty():
            raise click.UsageError("a capture is no text for a terminal; name a file or redirect the output")
        return
    if not os.path.exists(output):  # noqa: PTH110 (names may be no UTF-8)
        return
    if os.path.exists(file) and os.path.samefile(file, output):  # noqa: PTH110, PTH121 (same)
        raise click.BadParameter(f"{output} is the input", param_hint="OUT.pcapng")
    if os.path.isfile(output) and not force:  # noqa: PTH113 (same)
        raise click.BadParameter(f"{output} exists; --force replaces it", param_hint="OUT.pcapng")
