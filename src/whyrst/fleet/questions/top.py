"""What was reset most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whyrst.fleet.questions.keys import Key, columns, names
from whyrst.fleet.questions.views import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from whyrst.fleet.questions.selection import Selection

HARMFUL = "harm.level IN ('refused', 'aborted', 'data-lost')"
"""Harm that `--fail-on harmful` means, too."""


@dataclass(frozen=True)
class Row:
    """Resets that have a key in common.

    Attributes:
        key: the values that they share.
        resets: how many.
        connections: how many connections they belong to, at each capture point.
        harmful: how many of the resets refused, aborted or lost something.
        first: time of the first, nanoseconds since 1970.
        last: time of the last.
    """

    key: Key
    resets: int
    connections: int
    harmful: int
    first: int
    last: int


@dataclass(frozen=True)
class Top:
    """The answer.

    Attributes:
        by: what was counted by.
        rows: the keys with most resets.
        keys: how many keys there are.
        resets: how many resets all keys have.
        first: time of the first reset, nanoseconds since 1970; None when there is none.
        last: time of the last.
    """

    by: tuple[str, ...]
    rows: tuple[Row, ...]
    keys: int
    resets: int
    first: int | None
    last: int | None


def top(archive: DuckDBPyConnection, by: Sequence[str], selection: Selection, limit: int) -> Top:
    """Count resets by what they have in common, most first.

    Args:
        archive: from `views.opened`.
        by: names in `KEYS`.
        selection: the resets that count.
        limit: rows at most.

    Raises:
        QuestionError: the archive cannot be read.
    """
    where, values = selection.where()
    found = ask(
        archive,
        f"""
        WITH counted AS (
          SELECT {columns(by)} count(*) AS resets,
            count(DISTINCT (point, connection.id, connection.start)) AS connections,
            count_if({HARMFUL}) AS harmful, epoch_ns(min(time)) AS first, epoch_ns(max(time)) AS last
          FROM verdicts WHERE {where} GROUP BY {names(by)} true)
        SELECT *, count(*) OVER (), CAST(sum(resets) OVER () AS BIGINT), min(first) OVER (), max(last) OVER ()
        FROM counted ORDER BY resets DESC, {names(by)} first LIMIT ?
        """,  # noqa: S608  (made of our own expressions; what the user gave is bound)
        [*values, limit],
    )
    rows = tuple(Row(one[: len(by)], *one[len(by) : -4]) for one in found)
    return Top(tuple(by), rows, *(found[0][-4:] if found else (0, 0, None, None)))
