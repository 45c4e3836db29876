"""How often what has a key in common was reset, bucket by bucket."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from whyrst.fleet.questions.keys import Key, columns, names
from whyrst.fleet.questions.period import bucket
from whyrst.fleet.questions.top import HARMFUL
from whyrst.fleet.questions.views import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from whyrst.fleet.questions.selection import Selection

ORDERS = {"most": "sum(resets)", "highest": "max(resets)"}


@dataclass(frozen=True)
class Series:
    """Resets that have a key in common, over time.

    Attributes:
        key: the values that they share.
        resets: how many in each bucket that has any, by the bucket's number.
        harmful: how many of them refused, aborted or lost something.
        points: where they were captured.
    """

    key: Key
    resets: dict[int, int]
    harmful: dict[int, int]
    points: frozenset[str]

    @property
    def total(self) -> int:
        """Resets in all buckets."""
        return sum(self.resets.values())


def series(
    archive: DuckDBPyConnection,
    by: Sequence[str],
    selection: Selection,
    step: int,
    limit: int,
    *,
    order: Literal["most", "highest"] = "most",
    at_least: int = 1,
) -> list[Series]:
    """The series of the keys with most resets, or with the highest bucket; nothing to count by gives one of all.

    Args:
        archive: from `views.opened`.
        by: names in `KEYS`.
        selection: the resets that count.
        step: nanoseconds of a bucket.
        limit: series at most.
        order: what comes first.
        at_least: resets, in all or in the highest bucket, that a series must have.

    Raises:
        QuestionError: the archive cannot be read.
    """
    where, values = selection.where()
    same = "".join(f" AND part.k{place} IS NOT DISTINCT FROM best.k{place}" for place in range(len(by)))
    found = ask(
        archive,
        f"""
        WITH part AS (
          SELECT {columns(by)} point, {bucket("time", step)} AS number, count(*) AS resets,
            count_if({HARMFUL}) AS harmful
          FROM verdicts WHERE {where} GROUP BY ALL),
        whole AS (SELECT {names(by)} number, sum(resets) AS resets FROM part GROUP BY ALL),
        best AS (
          SELECT {names(by)} {ORDERS[order]} AS height FROM whole GROUP BY {names(by)} true
          HAVING height >= ? ORDER BY height DESC, {names(by)} height LIMIT ?)
        SELECT {names(by, "part.")} part.point, part.number, part.resets, part.harmful
        FROM part JOIN best ON true{same} ORDER BY height DESC, {names(by, "part.")} number
        """,  # noqa: S608  (made of our own expressions; what the user gave is bound)
        [*values, at_least, limit],
    )
    return _gathered(found, len(by))


def _gathered(rows: Sequence[tuple[Any, ...]], width: int) -> list[Series]:
    resets: dict[Key, Counter[int]] = defaultdict(Counter)
    harmful: dict[Key, Counter[int]] = defaultdict(Counter)
    points: dict[Key, set[str]] = defaultdict(set)
    for row in rows:
        key: Key = row[:width]
        point, number, some, harmed = row[width:]
        resets[key][number] += some
        harmful[key][number] += harmed
        points[key].add(point)
    return [Series(key, dict(resets[key]), dict(harmful[key]), frozenset(points[key])) for key in resets]
