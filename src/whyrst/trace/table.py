"""The live table of a terminal: counts by cause above, the latest resets below, redrawn a few times a second."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live as Screen
from rich.table import Table as RichTable
from rich.text import Text

from whyrst.reports.amounts import count, duration
from whyrst.reports.page import STYLES
from whyrst.reports.printable import printable
from whyrst.trace.line import CAUSE, COLUMNS, clock, ends, process

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType

    from whyrst.trace.counts import Counts
    from whyrst.trace.live import Told

PER_SECOND = 4
CAUSES = 5
"""Causes that are counted above."""
OVERHEAD = CAUSES + 5
"""Lines that are not resets."""
FEWEST, MOST = 3, 40
WIDE = 100
"""Columns from which on processes have more room."""
COLORS = {"data-lost": "bold red", "aborted": "red", "refused": "yellow", "unknown": "magenta", "none": "green"}
assert set(COLORS) <= set(STYLES), "harm has the same names everywhere"


class Table:
    """Shows resets on a terminal until it is closed.

    Args:
        console: the terminal.
        counts: what is counted, too.
        account: one line about what was not handed over; empty when there is nothing to say.
    """

    def __init__(self, console: Console, counts: Counts, account: Callable[[], str]) -> None:
        self._console = console
        self._counts = counts
        self._account = account
        self._begin = time.monotonic()
        self._drawn = 0.0
        self._fresh: list[tuple[int, tuple[Text, ...]]] = []
        self._rows: deque[tuple[Text, ...]] = deque(maxlen=MOST)
        self._screen = Screen(
            console=console, auto_refresh=False, transient=True, redirect_stderr=False, redirect_stdout=False,
            get_renderable=self.draw,
        )  # fmt: skip
        self._screen.start()

    def take(self, told: Told) -> None:
        """Put it below the others. Of more than fit between two pictures, the first are shown."""
        if len(self._fresh) >= self._room:
            return
        event, cause = told.event, told.cause
        wide = self._console.width >= WIDE
        sure = "" if told.confidence == "undetermined" else told.confidence
        room = self._console.width - len("15:04:05 certain  ") - max(len(cause), CAUSE) - (26 if wide else 14) - 1
        self._rows.append(
            (
                Text(clock(event.time), "dim"),
                Text(sure),
                Text(cause, COLORS.get(told.harm, "")),
                Text(printable(process(event, 25 if wide else 13))),
                Text(ends(event, room)),
            )
        )

    def refresh(self) -> None:
        """Draw again, if the last picture is old enough."""
        now = time.monotonic()
        if now - self._drawn >= 1 / PER_SECOND:
            self._drawn = now
            self._settle()
            self._screen.refresh()

    def stop(self) -> None:
        """Give the terminal back."""
        self._screen.stop()

    def close(self) -> None:
        """Leave the latest resets where they can be read."""
        self._settle()
        self.stop()
        self._console.print(self._latest(MOST))

    def draw(self) -> RenderableType:
        """The picture."""
        shown = sum(number for _, number, _ in self._counts.by("kind"))
        running = duration(time.monotonic() - self._begin)
        parts: list[RenderableType] = [Text(f"{count(shown, 'reset')} in {running}; Ctrl-C ends", "bold")]
        for cause, number, guess in self._counts.by("cause")[:CAUSES]:
            parts.append(Text(f"{('~' if guess else '') + f'{number:,}':>9}  {cause}"))
        account = self._account()
        if account:
            parts.append(Text(account, "yellow"))
        return Group(*parts, Text(""), self._latest(self._room))

    def _settle(self) -> None:
        self._rows.extend(row for _, row in sorted(self._fresh, key=lambda pair: pair[0]))
        self._fresh.clear()

    @property
    def _room(self) -> int:
        return max(FEWEST, min(MOST, self._console.height - OVERHEAD))

    def _latest(self, number: int) -> RichTable:
        table = RichTable(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
        for name in COLUMNS:
            table.add_column(name, no_wrap=True)
        for row in list(self._rows)[-number:]:
            table.add_row(*row)
        return table
