"""Time cut into equal buckets, and in which of them each capture point was watched.

No reset in a bucket says something only if a capture ran. The table `quality` holds the first and last packet of every
capture, so a bucket without any is told apart from a quiet one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whyrst.fleet.questions.period import UNITS, bucket, number
from whyrst.fleet.questions.views import QuestionError, ask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duckdb import DuckDBPyConnection

    from whyrst.fleet.questions.selection import Selection

MOST = 2000
"""Buckets of a question."""
USUAL = (UNITS["h"], UNITS["d"], UNITS["w"])
"""Nanoseconds of the buckets that are taken when none are asked for."""


@dataclass(frozen=True)
class Buckets:
    """Buckets from the first to the last.

    Attributes:
        step: nanoseconds of each.
        first: number of the first.
        last: number of the last, itself included; before the first when there is none.
        watched: numbers of the buckets in which a capture ran, by capture point.
    """

    step: int
    first: int
    last: int
    watched: dict[str, frozenset[int]]

    @property
    def numbers(self) -> range:
        """All of them."""
        return range(self.first, self.last + 1)

    def watched_at(self, points: Iterable[str]) -> list[int]:
        """The buckets in which one of these points was watched, in order."""
        return sorted(frozenset().union(*(self.watched.get(point, frozenset()) for point in points)))


def buckets(archive: DuckDBPyConnection, selection: Selection, step: int) -> Buckets:
    """The buckets that a question is about.

    Args:
        archive: from `views.opened`.
        selection: the resets in question; its times and points say which buckets.
        step: nanoseconds of a bucket.

    Raises:
        QuestionError: there are too many, or the archive cannot be read.
    """
    spans = _spans(archive, selection, step)
    if not spans:
        return Buckets(step, 0, -1, {})
    first, last = min(begin for _, begin, _ in spans), max(end for _, _, end in spans)
    if last - first >= MOST:
        raise QuestionError(f"{last - first + 1:,} buckets are too many to show ({MOST:,}): say --every or --since")
    watched: dict[str, set[int]] = defaultdict(set)
    for point, begin, end in spans:
        watched[point].update(range(begin, end + 1))
    return Buckets(step, first, last, {point: frozenset(found) for point, found in watched.items()})


def fitting(archive: DuckDBPyConnection, selection: Selection) -> int:
    """Nanoseconds of the shortest usual bucket with which there are not too many.

    Args:
        archive: from `views.opened`.
        selection: the resets in question.

    Raises:
        QuestionError: the archive cannot be read.
    """
    spans = _spans(archive, selection, USUAL[0])
    first, last = min((begin for _, begin, _ in spans), default=0), max((end for _, _, end in spans), default=0)
    long = (last - first + 1) * USUAL[0]
    return next((step for step in USUAL if long < (MOST - 1) * step), USUAL[-1])


def _spans(archive: DuckDBPyConnection, selection: Selection, step: int) -> list[tuple[str, int, int]]:
    """Capture points, each with the first and the last bucket of a time in which it was watched."""
    where, values = selection.where()
    number_of = bucket("time", step)
    found = ask(
        archive,
        f"SELECT DISTINCT point, {number_of}, {number_of} FROM verdicts WHERE {where}",  # noqa: S608  (our expressions)
        values,
    )
    for point, begin, end in captured(archive, selection):
        found.append((point, number(begin, step), number(end, step)))
    return found


def captured(archive: DuckDBPyConnection, selection: Selection) -> list[tuple[str, int, int]]:
    """Capture points, each with a time (ns since 1970) within the selection in which a capture ran there."""
    found = ask(
        archive,
        'SELECT DISTINCT point, epoch_ns(start), epoch_ns("end") FROM quality WHERE start <= "end"',
    )
    spans = []
    for point, begin, end in found:
        if selection.since is not None:
            begin = max(begin, selection.since)  # noqa: PLW2901  (cut to what was asked for)
        if selection.until is not None:
            end = min(end, selection.until - 1)  # noqa: PLW2901  (same)
        if begin <= end and (not selection.points or point in selection.points):
            spans.append((point, begin, end))
    return spans
