"""What `whyrst trace` does once its options are understood."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, ClassVar

import click

from whyrst.cli.ending import ending
from whyrst.cli.status import say
from whyrst.kernel import privileges
from whyrst.kernel.libbpf import BpfError
from whyrst.kernel.namespaces import Namespaces, here
from whyrst.reports.amounts import count
from whyrst.reports.page import Page
from whyrst.trace.counts import Counts
from whyrst.trace.live import CountingTracer, Live, load
from whyrst.trace.shown import Lines, Ndjson, Periods
from whyrst.trace.summary import Account, missed, summary
from whyrst.trace.watch import Watch, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack

    from whyrst.kernel.counters import Check
    from whyrst.kernel.event import KernelEvent
    from whyrst.kernel.tracer import Tracer
    from whyrst.trace.live import Told
    from whyrst.trace.prometheus import Metrics
    from whyrst.trace.record import Recorder
    from whyrst.trace.selection import Selection
    from whyrst.trace.shown import Shown
    from whyrst.trace.table import Table

TURN = 0.05
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


def require_privileges() -> None:
    """Refuse early and clearly.

    Raises:
        click.ClickException: this user may not trace.
    """
    lacking = privileges.missing(privileges.held(), fine=privileges.knows_bpf())
    if lacking:
        raise click.ClickException(privileges.refusal(lacking))


def trace(stack: ExitStack, wanted: Wanted) -> None:
    """Trace until the end comes, then sum up.

    Args:
        stack: closes what is opened.
        wanted: what the user asked for.

    Raises:
        click.ClickException: this host or this user cannot trace, or an output cannot be opened.
    """
    load()
    events = _events(stack, wanted.events)
    netns = wanted.selection.netns
    before = counted(Namespaces())
    try:
        tracer = stack.enter_context(CountingTracer(Counts(), user_stacks=wanted.stack, netns=netns))
    except BpfError as error:
        raise click.ClickException(str(error)) from error
    watch = stack.enter_context(closing(Watch(tracer, before, [netns] if netns else [])))
    live = Live(tracer, watch, wanted.selection, events)
    recorder = _recorder(stack, wanted.pcap, netns)
    metrics = _metrics(wanted.prometheus, live, tracer)
    begin = time.monotonic()
    out = sys.stderr.buffer if wanted.as_json else sys.stdout.buffer
    page = Page(out, wanted.width if wanted.terminal else wanted.width - 1, color=wanted.color and not wanted.as_json)

    def sum_up() -> None:
        page.blank()
        account = Account(tracer.totals(), _checks(watch, netns), _notes(watch))
        summary(page, live.counts, live.peers, account, time.monotonic() - begin)
        out.flush()

    say("tracing resets; Ctrl-C ends" if wanted.duration is None else f"tracing for {wanted.duration:g} s")
    shown = [_shown(stack, wanted, live, page, out, sum_up), *([recorder] if recorder is not None else [])]
    _drop(wanted)
    if metrics is not None:
        stack.enter_context(metrics)
    _follow(live, shown, wanted.duration)
    sum_up()
    if recorder is not None and (recorder.missed or recorder.unfound):
        missed, unfound = count(recorder.missed, "packet"), count(recorder.unfound, "reset")
        say(f"{wanted.pcap}: there was no room for {missed}; {unfound} not found among those recorded")


def _drop(wanted: Wanted) -> None:
    """Give up privileges, and with sudo become the user who called it; all that is needed is open or imported."""
    have = privileges.held()
    # The maps of other processes, which tell what a user stack's addresses are, are only shown with CAP_SYS_PTRACE.
    keep = privileges.kept(have) | (have & {privileges.PTRACE} if wanted.stack else frozenset())
    privileges.drop(keep, privileges.sudo_user())


def _checks(watch: Watch, netns: int) -> dict[int, Check]:
    """Of the namespaces that the probes watched."""
    return {number: check for number, check in watch.checks().items() if netns in {0, number}}


def _notes(watch: Watch) -> list[str]:
    notes = [f"not seen: {what}" for what in watch.missing]
    if watch.undecided:
        resets = count(watch.undecided, "reset")
        notes.append(
            f"{resets} left without an event just after the start or while events were lost: who made them is open"
        )
    return notes


def _follow(live: Live, shown: list[Shown], duration: float | None) -> None:
    """Turn after turn until the end."""

    def take(several: Iterator[Told]) -> None:
        for told in several:
            for each in shown:
                each.take(told)

    with ending(duration) as end:
        while not end.wait(TURN):
            take(live.turn())
            for each in shown:
                each.refresh()
        take(live.close())
    for each in shown:
        each.close()


def _events(stack: ExitStack, path: str | None) -> Callable[[KernelEvent], None] | None:
    """What writes events as NDJSON."""
    if path is None:
        return None
    import msgspec

    encode = msgspec.json.Encoder().encode
    try:
        file = stack.enter_context(open(path, "wb"))  # noqa: PTH123, SIM115 - a name may be no UTF-8; the stack closes it
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}", param_hint="--events") from error

    def note(event: KernelEvent) -> None:
        file.write(encode(event) + b"\n")

    return note


def _recorder(stack: ExitStack, path: str | None, netns: int) -> Recorder | None:
    """What records connections; its file is made now, while we may."""
    if path is None:
        return None
    from whyrst.trace.record import Recorder, tap

    try:
        file = stack.enter_context(open(path, "w+b"))  # noqa: PTH123, SIM115 - as above
        door = None if netns in {0, here()} else Namespaces().door(netns)
        return Recorder(file, tap(door))
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}", param_hint="--pcap") from error


def _metrics(where: str | None, live: Live, tracer: Tracer) -> Metrics | None:
    """The server of metrics, listening but not answering yet."""
    if where is None:
        return None
    from whyrst.trace.prometheus import PATH, Metrics, exposition

    try:
        metrics = Metrics(where, lambda: exposition(live.counts, tracer.totals()))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--prometheus") from error
    except OSError as error:
        raise click.BadParameter(f"{where}: {error.strerror}", param_hint="--prometheus") from error
    say(f"metrics at port {metrics.port}, {PATH}")
    return metrics


def _shown(
    stack: ExitStack, wanted: Wanted, live: Live, page: Page, out: BinaryIO, sum_up: Callable[[], None]
) -> Shown:
    if wanted.as_json:
        return Ndjson(sys.stdout.buffer)
    if wanted.period is not None:
        return Periods(wanted.period, sum_up)
    if not wanted.table:
        return Lines(page, out, stack=wanted.stack)
    table = _table(wanted, live)
    stack.callback(table.stop)
    return table


def _table(wanted: Wanted, live: Live) -> Table:
    from rich.console import Console

    from whyrst.trace.table import Table

    return Table(
        Console(no_color=not wanted.color, highlight=False, markup=False, emoji=False),
        live.counts,
        lambda: missed(live.totals()),
    )


def print_script() -> None:
    """Print the bpftrace script for this kernel."""
    from whyrst.kernel.btf import Btf
    from whyrst.trace.bpftrace import script

    try:
        click.echo(script(Btf()), nl=False)
    except BpfError as error:
        raise click.ClickException(str(error)) from error
