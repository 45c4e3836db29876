"""What `whyrst trace` does once its options are understood."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, ClassVar

import click

from whyrst.cli.ending import ending
from whyrst.cli.status import say
from whyrst.kernel.libbpf import BpfError
from whyrst.kernel.tracer import Tracer
from whyrst.reports.page import Page
from whyrst.trace.live import Live
from whyrst.trace.shown import Lines, Ndjson, Periods
from whyrst.trace.summary import Account, summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from whyrst.trace.select import Selection
    from whyrst.trace.shown import Shown

TURN = 0.03
"""Seconds between two looks at the events."""


@dataclass(frozen=True)
class Wanted:
    """What the user asked for."""

    OPTIONS: ClassVar = ("duration", "as_json", "period", "stack", "pcap", "events", "prometheus")
    selection: Selection
    color: bool
    width: int
    terminal: bool
    duration: float | None
    as_json: bool
    period: float | None
    stack: bool
    pcap: str | None
    events: str | None
    prometheus: str | None

    @property
    def table(self) -> bool:
        """A table that is redrawn, rather than lines."""
        return self.terminal and not (self.as_json or self.period or self.stack)


def trace(stack: ExitStack, wanted: Wanted) -> None:
    """Trace until the end comes, then sum up.

    Raises:
        click.ClickException: this host or this user cannot trace.
    """
    try:
        tracer = stack.enter_context(Tracer(user_stacks=wanted.stack, netns=wanted.selection.netns))
    except BpfError as error:
        raise click.ClickException(str(error)) from error
    live = Live(tracer, wanted.selection)
    begin = time.monotonic()
    out = sys.stderr.buffer if wanted.as_json else sys.stdout.buffer
    page = Page(out, wanted.width if wanted.terminal else wanted.width - 1, color=wanted.color and not wanted.as_json)

    def sum_up() -> None:
        account = Account(tracer.totals())
        summary(page, live.counts, live.peers, account, time.monotonic() - begin)
        out.flush()

    shown: list[Shown] = [_shown(wanted, live, page, out, sum_up)]
    with ending(wanted.duration) as end:
        say("tracing resets; Ctrl-C ends" if wanted.duration is None else f"tracing for {wanted.duration:g} s")
        while not end.wait(TURN):
            for told in live.turn():
                for each in shown:
                    each.take(told)
            for each in shown:
                each.refresh()
        for told in live.close():
            for each in shown:
                each.take(told)
    for each in shown:
        each.close()
    sum_up()


def _shown(wanted: Wanted, live: Live, page: Page, out: BinaryIO, sum_up: Callable[[], None]) -> Shown:
    if wanted.as_json:
        return Ndjson(sys.stdout.buffer)
    if wanted.period is not None:
        return Periods(wanted.period, sum_up)
    if not wanted.table:
        return Lines(page, out, stack=wanted.stack)
    from rich.console import Console

    from whyrst.trace.table import Table

    return Table(Console(no_color=not wanted.color, highlight=False), live.counts, lambda: "")


def print_script() -> None:
    """Print the bpftrace script for this kernel."""
    from whyrst.kernel.btf import Btf
    from whyrst.trace.bpftrace import script

    try:
        click.echo(script(Btf()), nl=False)
    except BpfError as error:
        raise click.ClickException(str(error)) from error
