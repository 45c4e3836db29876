"""An archive as DuckDB sees it: the views `verdicts`, `incidents` and `quality`, and nothing else.

A question may be a stranger's SQL, and an archive may hold what others made. So DuckDB may open the archive's Parquet
files, each by its name, and nothing beside them: no other file, no network, no extension, nothing is written, and its
settings are locked.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from whyrst.fleet.store import STATE
from whyrst.fleet.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

MEMORY = 2000
"""Megabytes that a question may take."""

THREADS = 4
"""Processors that a question may take."""

HIDDEN = (".", "_")
"""How the names of files begin that are half written."""

LOCKS = (
    "SET temp_directory = ''",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


WHOLE = {"verdicts": " WHERE time IS NOT NULL", "incidents": "", "quality": ""}
"""What a row must have to be one of whyrst's, where questions rely on it."""


class QuestionError(Exception):
    """A question without an answer; one line for the user."""


@contextmanager
def opened(out: str, memory: int = MEMORY) -> Iterator[DuckDBPyConnection]:
    """The archive, ready to be asked.

    Args:
        out: the folder that `whyrst fleet analyze` wrote to.
        memory: megabytes that a question may take.

    Raises:
        QuestionError: there is no archive, or it cannot be read.
        ModuleNotFoundError: duckdb or pyarrow is not installed.
    """
    import duckdb

    parts = {kind: _parts(out, kind) for kind in _kinds(out)}
    limits: dict[str, str | bool | int | float | list[str]]
    limits = {"memory_limit": f"{memory}MB", "threads": min(THREADS, os.cpu_count() or 1)}
    with plainly(), duckdb.connect(":memory:", config=limits) as archive:
        archive.execute("SET TimeZone = 'UTC'")
        for kind, files in parts.items():
            _view(archive, kind, files)
        allowed = ", ".join(
            _quoted(one) for files in parts.values() for file in files for one in {file, _literal(file)}
        )
        archive.execute(f"SET allowed_paths = [{allowed}]")
        for lock in LOCKS:
            archive.execute(lock)
        yield archive


@contextmanager
def plainly() -> Iterator[None]:
    """Say DuckDB's errors in one line, and let Ctrl-C be what it is.

    Raises:
        QuestionError: what DuckDB said.
    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise QuestionError(str(error).strip().partition("\n")[0]) from None
    except UnicodeEncodeError as error:
        raise QuestionError(f"DuckDB cannot take a name or question that is no UTF-8: {error.object!r}") from None
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


def ask(archive: DuckDBPyConnection, question: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """All rows of an answer.

    Raises:
        QuestionError: DuckDB cannot answer.
    """
    with plainly():
        return archive.execute(question, list(values)).fetchall()


def _kinds(out: str) -> Sequence[str]:
    """The kinds of tables, if this is an archive."""
    if not os.path.isdir(out):
        raise QuestionError(f"{out}: no such folder")
    if not any(os.path.isdir(os.path.join(out, name)) for name in (*KINDS, STATE)):
        raise QuestionError(f"{out}: no archive of whyrst fleet analyze: none of {', '.join(KINDS)} is there")
    return tuple(KINDS)


def _parts(out: str, kind: str) -> list[str]:
    """The files of a table, whole ones only."""
    found = []
    for day in _entries(os.path.join(os.path.abspath(out), kind), "day="):
        for point in _entries(day, "point="):
            found += [file for file in _entries(point, "") if file.endswith(".parquet")]
    return found


def _entries(folder: str, start: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.startswith(start) and name[0] not in HIDDEN]


def _view(archive: DuckDBPyConnection, kind: str, files: Sequence[str]) -> None:
    """A view of a table, with the day and the capture point that its folders name."""
    if not files:
        from whyrst.reports.parquet import schema

        empty = archive.from_arrow(schema(KINDS[kind]).empty_table())
        empty.project("*, CAST(NULL AS DATE) AS day, CAST(NULL AS VARCHAR) AS point").create(kind)
        return
    listed = ", ".join(_quoted(_literal(file)) for file in files)
    archive.execute(f"""
        CREATE VIEW {kind} AS
        SELECT COLUMNS(lambda name: name NOT IN ('_file', 'day', 'point')),
          TRY_CAST(regexp_extract(_file, '/day=([^/]*)/[^/]*/[^/]*$', 1) AS DATE) AS day,
          url_decode(regexp_extract(_file, '/point=([^/]*)/[^/]*$', 1)) AS point
        FROM read_parquet([{listed}], filename = '_file', hive_partitioning = false, union_by_name = true){WHOLE[kind]}
    """)  # noqa: S608  (names are quoted, and kinds are ours)


def _literal(path: str) -> str:
    """A path in which DuckDB's patterns stand for themselves.

    >>> _literal("/a[1]/*.parquet")
    '/a[[]1]/[*].parquet'
    """
    return re.sub(r"([*?\[])", r"[\1]", path)


def _quoted(text: str) -> str:
    text.encode()  # DuckDB's own refusal would be no error of its
    return "'" + text.replace("'", "''") + "'"
