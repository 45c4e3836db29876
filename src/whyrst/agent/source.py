"""Where verdicts come from: the running kernel, or recorded events."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Protocol

import msgspec

from whyrst.kernel.recorded import read
from whyrst.reports.printable import printable_json
from whyrst.trace.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whyrst.trace.live import Live, Told
    from whyrst.trace.selection import Selection
    from whyrst.verdicts.judged import Judged

AT_ONCE = 200
"""Recorded events of a turn."""

_ENCODE = msgspec.json.Encoder().encode


class Source(Protocol):
    """Gives verdicts as lines of JSON."""

    done: bool
    """No more will come."""
    patient: bool
    """It can wait until there is room."""

    def turn(self) -> list[bytes]:
        """What came since the last call."""

    def finish(self) -> list[bytes]:
        """The rest; nothing is watched any more."""


class Watching:
    """The running kernel.

    Args:
        live: its judge.
        wanted: verdicts are wanted, not only their counts.
    """

    def __init__(self, live: Live, *, wanted: bool) -> None:
        self._live = live
        self._wanted = wanted
        self.done = self.patient = False

    def turn(self) -> list[bytes]:
        """In order of time."""
        return self._lines(self._live.turn())

    def finish(self) -> list[bytes]:
        """Stop the probes."""
        return self._lines(self._live.close())

    def _lines(self, several: Iterable[Told]) -> list[bytes]:
        found = [(told.event.time, _line(told.verdict()) if self._wanted else b"") for told in several]
        return [line for _, line in sorted(found, key=lambda pair: pair[0]) if line]


class Replay:
    """Recorded events, as fast as they are taken.

    Args:
        path: what `whyrst trace --events` wrote.
        selection: which resets are wanted.
    """

    def __init__(self, path: str, selection: Selection) -> None:
        self._events = read(path)
        self._selection = selection
        self._session = Session()
        self.done = False
        self.patient = True

    def turn(self) -> list[bytes]:
        """The verdicts of the next events."""
        events = list(islice(self._events, AT_ONCE))
        for event in events:
            if self._selection.wants(event, b""):
                self._session.take(event)
        if not events:
            self.done = True
            return self.finish()
        return self._lines(self._session.ripe(events[-1].time))

    def finish(self) -> list[bytes]:
        """The verdicts of events that were read."""
        return self._lines(self._session.close())

    def _lines(self, batches: Iterable[Judged]) -> list[bytes]:
        return [
            _line(judged.verdict(row))
            for judged in batches
            for row in range(len(judged))
            if self._selection.wants_cause(judged.ids[int(judged.cause[row])])
        ]


def _line(verdict: object) -> bytes:
    return printable_json(_ENCODE(verdict))
