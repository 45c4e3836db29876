"""What is new: causes, services and clients that were never reset before, and capture points that were not there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from whyrst.fleet.questions.buckets import captured
from whyrst.fleet.questions.keys import Key, columns, names
from whyrst.fleet.questions.views import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from whyrst.fleet.questions.selection import Selection


@dataclass(frozen=True)
class New:
    """A key whose first reset is not long ago.

    Attributes:
        by: what it is a key of.
        key: its values.
        resets: how many it has.
        first: time of the first, nanoseconds since 1970.
    """

    by: tuple[str, ...]
    key: Key
    resets: int
    first: int


@dataclass(frozen=True)
class Fresh:
    """The answer.

    Attributes:
        since: from when on something is new, nanoseconds since 1970.
        history: nanoseconds of captures before that to compare with; None when there are none.
        points: capture points of which there was nothing before; what they show is not compared.
        found: new keys, those with most resets of each kind.
        more: how many others there are of each kind.
    """

    since: int
    history: int | None
    points: tuple[str, ...]
    found: tuple[New, ...] = ()
    more: dict[tuple[str, ...], int] | None = None


def fresh(
    archive: DuckDBPyConnection, kinds: Sequence[tuple[str, ...]], selection: Selection, since: int, limit: int
) -> Fresh:
    """Keys whose first reset of all lies at or after a time.

    Args:
        archive: from `views.opened`.
        kinds: what to count by, each of names in `KEYS`.
        selection: the resets that count, the earlier ones included.
        since: from when on something is new, nanoseconds since 1970.
        limit: new keys of each kind at most.

    Raises:
        QuestionError: the archive cannot be read.
    """
    begins = _begins(archive, selection)
    old = tuple(point for point, begin in begins.items() if begin < since)
    points = tuple(sorted(set(begins) - set(old)))
    if not old:
        return Fresh(since, None, points)
    found: list[New] = []
    more = {}
    compared = replace(selection, points=old)
    for by in kinds:
        rows = _rows(archive, by, compared, since, limit)
        found += [New(by, row[: len(by)], row[-3], row[-2]) for row in rows]
        more[by] = rows[0][-1] - len(rows) if rows else 0
    return Fresh(since, since - min(begins.values()), points, tuple(found), more)


def _begins(archive: DuckDBPyConnection, selection: Selection) -> dict[str, int]:
    """When each capture point was first watched, nanoseconds since 1970."""
    where, values = selection.where()
    begins: dict[str, int] = {}
    resets = ask(
        archive,
        f"SELECT point, epoch_ns(min(time)) FROM verdicts WHERE {where} GROUP BY point",  # noqa: S608  (our expressions)
        values,
    )
    for point, begin, *_ in [*resets, *captured(archive, selection)]:
        begins[point] = min(begin, begins.get(point, begin))
    return begins


def _rows(
    archive: DuckDBPyConnection, by: Sequence[str], selection: Selection, since: int, limit: int
) -> list[tuple[Any, ...]]:
    """Keys, their resets, the first one's time, and how many new keys there are."""
    where, values = selection.where()
    return ask(
        archive,
        f"""
        SELECT {columns(by)} count(*) AS resets, epoch_ns(min(time)) AS first, count(*) OVER ()
        FROM verdicts WHERE {where} GROUP BY {names(by)} true
        HAVING first >= ? ORDER BY resets DESC, {names(by)} first LIMIT ?
        """,  # noqa: S608  (made of our own expressions; what the user gave is bound)
        [*values, since, limit],
    )
