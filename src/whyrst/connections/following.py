"""A series that is followed through a tracker, by threads of its own where it is large enough."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from whyrst.capture.ahead import Ahead, sharing
from whyrst.connections.ripe import ripe
from whyrst.connections.tracker import PAYLOAD, Tracker
from whyrst.segments.ahead import ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from whyrst.connections.ripe import Ripe
    from whyrst.segments.read import Series


class Following:
    """The resets of a series; iterate it once, inside `with`.

    Attributes:
        series: what is followed.
        tracker: follows it.
    """

    def __init__(self, series: Series, *, threads: bool, meanwhile: Callable[[], None] | None = None) -> None:
        """Begin.

        Args:
            series: not iterated before.
            threads: one reads and decodes, one follows, both from now on; without, nothing is read before resets are
                asked for.
            meanwhile: called now and then while threads are waited for, and once more when they end.
        """
        self.series = series
        self.tracker = Tracker()
        self._ends = ExitStack()
        if not threads:
            self._ripe = ripe(self.tracker, series)
            return
        if meanwhile is not None:
            self._ends.callback(meanwhile)
        self._ends.enter_context(sharing())
        batches = ahead(series, PAYLOAD)
        found = Ahead(ripe(self.tracker, series, batches), 1, meanwhile)
        self._ends.callback(found.close)
        self._ends.callback(batches.close)  # first, since the other one waits for it
        self._ripe = found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def __iter__(self) -> Iterator[Ripe]:
        return self._ripe
