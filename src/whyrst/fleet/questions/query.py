"""Whatever SQL can ask of an archive: one statement that reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whyrst.fleet.questions.views import QuestionError, plainly

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


@dataclass(frozen=True)
class Answer:
    """Rows as text.

    Attributes:
        columns: their names; two may be alike.
        rows: as DuckDB writes the values; None for NULL.
        more: there are more rows than were asked for.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    more: bool


def query(archive: DuckDBPyConnection, question: str, limit: int) -> Answer:
    """The first rows of an answer.

    Args:
        archive: from `views.opened`.
        question: one SELECT over the views.
        limit: rows at most.

    Raises:
        QuestionError: it is something else, or DuckDB cannot answer it.
    """
    with plainly():
        asked = _asked(archive, question).limit(limit + 1)
        rows = asked.project("CAST(COLUMNS(*) AS VARCHAR)").fetchall()
        return Answer(tuple(asked.columns), tuple(rows[:limit]), len(rows) > limit)


def query_objects(archive: DuckDBPyConnection, question: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The first rows of an answer as values for JSON, and whether there are more.

    Nested values stay nested; of columns with one name, later ones get a number; what JSON has no number for is null.

    Raises:
        QuestionError: as `query`.
    """
    with plainly():
        asked = _asked(archive, question).limit(limit + 1)
        objects = asked.query("answer", "SELECT to_json(answer) FROM answer")
        assert objects is not None
        rows = objects.fetchall()
    return [json.loads(text, parse_constant=lambda _: None) for (text,) in rows[:limit]], len(rows) > limit


def _asked(archive: DuckDBPyConnection, question: str) -> DuckDBPyRelation:
    import duckdb

    question.encode()  # what is no UTF-8 is refused here
    statements = archive.extract_statements(question)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QuestionError("a question is one SELECT over verdicts, incidents and quality")
    asked = archive.sql(statements[0])
    assert asked is not None
    return asked
