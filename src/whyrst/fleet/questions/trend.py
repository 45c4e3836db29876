"""Resets over time, what is new, and spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whyrst.fleet.questions.buckets import Buckets, buckets
from whyrst.fleet.questions.fresh import Fresh, fresh
from whyrst.fleet.questions.series import Series, series
from whyrst.fleet.questions.spikes import FEWEST, Spike, spikes
from whyrst.fleet.questions.views import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from whyrst.fleet.questions.selection import Selection

WATCHED: tuple[tuple[str, ...], ...] = (("cause",), ("service",), ("client",))
"""What may be new or have a spike, whatever is counted by."""

HIGHEST = 200
"""Series of a kind in which spikes are looked for: those with the highest buckets."""


@dataclass(frozen=True)
class Trend:
    """The answer.

    Attributes:
        by: what was counted by.
        buckets: the times.
        whole: all resets; None when there are none.
        lines: the keys with most resets.
        fresh: what is new.
        spikes: the highest above their limits first.
        more_spikes: how many others there are.
    """

    by: tuple[str, ...]
    buckets: Buckets
    whole: Series | None
    lines: tuple[Series, ...]
    fresh: Fresh
    spikes: tuple[Spike, ...]
    more_spikes: int


def trend(
    archive: DuckDBPyConnection, by: Sequence[str], selection: Selection, step: int, new_since: int, limit: int
) -> Trend:
    """Count resets over time, and tell what is new and what is a spike.

    Args:
        archive: from `views.opened`.
        by: names in `KEYS`.
        selection: the resets that count.
        step: nanoseconds of a bucket.
        new_since: from when on something is new, nanoseconds since 1970.
        limit: lines, new keys of a kind and spikes at most.

    Raises:
        QuestionError: there are too many buckets, or the archive cannot be read.
    """
    cut = buckets(archive, selection, step)
    whole = series(archive, (), selection, step, 1)
    kinds = tuple(dict.fromkeys((tuple(by), *WATCHED)))
    found = spikes((), whole, cut)
    for kind in kinds:
        high = series(archive, kind, selection, step, HIGHEST, order="highest", at_least=FEWEST)
        found += spikes(kind, high, cut)
    lines = series(archive, by, selection, step, limit)
    new = fresh(archive, kinds, selection, new_since, limit)
    found.sort(key=lambda one: -one.peak / one.limit)
    shown, more = tuple(found[:limit]), max(len(found) - limit, 0)
    return Trend(tuple(by), cut, whole[0] if whole else None, tuple(lines), new, shown, more)


def latest(archive: DuckDBPyConnection) -> int:
    """The last time that the archive knows, nanoseconds since 1970; 0 when it knows none.

    Raises:
        QuestionError: the archive cannot be read.
    """
    found = ask(
        archive,
        """
        SELECT greatest((SELECT epoch_ns(max(time)) FROM verdicts), (SELECT epoch_ns(max("end")) FROM quality))
        """,
    )
    return found[0][0] or 0
