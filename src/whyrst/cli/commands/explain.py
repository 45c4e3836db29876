"""`whyrst explain`: the manual."""

from __future__ import annotations

import sys

import click

from whyrst.cli.terminal import color_option, colored, width


@click.command()
@click.argument("name", metavar="[CAUSE | REASON | COUNTER | RFC]", nargs=-1)
@color_option
def command(*, name: tuple[str, ...], color: str) -> None:
    """Print the manual of a cause.

    Finds it by its id, by a kernel reason (TCP_ABORT_ON_CLOSE), a counter (TCPAbortOnClose), an RFC
    ("RFC 2525", "RFC 9293 section 3.10.7") or a kernel function. Without a name it lists all causes.
    """
    from whyrst.causes import all_causes
    from whyrst.reports.manual import find, manual, near, table
    from whyrst.reports.page import Page

    causes = all_causes()
    page = Page(sys.stdout.buffer, width(), color=colored(color))
    if not name:
        table(page, causes.values())
        return
    wanted = " ".join(name)
    found = find(causes, wanted)
    if not found:
        similar = near(causes, wanted)
        hint = f"did you mean {' or '.join(similar)}?" if similar else "whyrst explain lists all causes"
        raise click.ClickException(f"nothing is known by the name {wanted!r}; {hint}")
    if len(found) == 1:
        manual(page, found[0])
    else:
        table(page, found)
