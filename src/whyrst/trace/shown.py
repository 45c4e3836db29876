"""How resets are shown while they come: a line each, NDJSON, or counts every so often. `table` is for terminals."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from whyrst.reports.printable import printable_json
from whyrst.trace.line import header, line, stacks

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from whyrst.kernel.event import KernelEvent
    from whyrst.reports.page import Page, Span
    from whyrst.trace.live import Told


class Shown(Protocol):
    """Something that shows resets."""

    def take(self, told: Told) -> None:
        """One reset."""

    def refresh(self) -> None:
        """After each turn: show what it brought, within which the resets of each namespace come together."""

    def close(self) -> None:
        """No more come."""


class Lines:
    """One line for each reset.

    Args:
        page: where they go.
        out: the stream behind it.
        stack: below each line the functions that led to it.
    """

    def __init__(self, page: Page, out: BinaryIO, *, stack: bool = False) -> None:
        self._page = page
        self._out = out
        self._stack = stack
        self._fresh: list[tuple[KernelEvent, list[Span]]] = []
        header(page)
        out.flush()

    def take(self, told: Told) -> None:
        """Keep its line for the end of the turn."""
        pieces = line(told.event, told.cause, told.confidence, told.harm, self._page.width)
        self._fresh.append((told.event, pieces))

    def refresh(self) -> None:
        """Write the turn's lines in order of time; whoever reads the pipe sees them at once."""
        if not self._fresh:
            return
        for event, pieces in sorted(self._fresh, key=lambda pair: pair[0].time):
            self._page.line(*pieces)
            if self._stack:
                stacks(self._page, event)
        self._fresh.clear()
        self._out.flush()

    def close(self) -> None:
        """Write the last turn's lines."""
        self.refresh()


class Ndjson:
    """The verdicts of `whyrst analyze --json`, one a line."""

    def __init__(self, out: BinaryIO) -> None:
        import msgspec

        self._encode = msgspec.json.Encoder().encode
        self._fresh: list[tuple[int, bytes]] = []
        self._out = out

    def take(self, told: Told) -> None:
        """Keep its verdict for the end of the turn."""
        self._fresh.append((told.event.time, printable_json(self._encode(told.verdict())) + b"\n"))

    def refresh(self) -> None:
        """Write the turn's verdicts in order of time."""
        if not self._fresh:
            return
        self._out.write(b"".join(data for _, data in sorted(self._fresh, key=lambda pair: pair[0])))
        self._fresh.clear()
        self._out.flush()

    def close(self) -> None:
        """Write the last turn's verdicts."""
        self.refresh()


class Periods:
    """Only counts, every so many seconds.

    Args:
        every: seconds.
        write: writes the counts.
    """

    def __init__(self, every: float, write: Callable[[], None]) -> None:
        self._every = every
        self._write = write
        self._due = time.monotonic() + every

    def take(self, told: Told) -> None:
        """It is counted already."""

    def refresh(self) -> None:
        """Write when the time has come."""
        now = time.monotonic()
        if now >= self._due:
            self._due = max(self._due + self._every, now)
            self._write()

    def close(self) -> None:
        """The last counts are those of the summary."""
