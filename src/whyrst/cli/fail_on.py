"""`--fail-on`: whether a report holds what the user wants to fail on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.reports.source import HARMS, Rereadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whyrst.model import Incident, Quality
    from whyrst.reports.source import Judged, Source
    from whyrst.segments.read import Series

HARMFUL = ("refused", "aborted", "data-lost")
"""Harm that `--fail-on harmful` means."""


class Watched:
    """Passes a report on and remembers which causes and harms went by.

    Args:
        source: the report.
        done: called when all of it was read.
    """

    def __init__(self, source: Source, done: Callable[[], None] | None = None) -> None:
        self._source = source
        self._done = done
        self.causes: set[str] = set()
        self.harms: set[str] = set()

    def batches(self) -> Iterator[Judged]:
        """The batches, noted."""
        for judged in self._source.batches():
            self.causes.update(judged.ids[int(code)] for code in np.flatnonzero(np.bincount(judged.cause)))
            self.harms.update(HARMS[int(code)] for code in np.flatnonzero(np.bincount(judged.harm)))
            yield judged
        if self._done is not None:
            self._done()

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """As they are."""
        return self._source.incidents

    @property
    def quality(self) -> Quality:
        """As it is."""
        return self._source.quality

    def reread(self) -> Iterator[Series]:
        """The segments once more, if the report can."""
        return self._source.reread() if isinstance(self._source, Rereadable) else iter(())

    def matches(self, conditions: Iterable[str]) -> bool:
        """Whether one of `any`, `harmful` or a cause was seen."""
        seen = set(self.causes)
        if seen:
            seen.add("any")
        if not self.harms.isdisjoint(HARMFUL):
            seen.add("harmful")
        return not seen.isdisjoint(conditions)
