"""What the app keeps: captures, verdicts and incidents, in one SQLite file.

Everything that comes from outside goes through parameters, never into the text of a statement.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

RANDOM = 16
"""Bytes of a capture's id."""
MOST = 1000
"""Rows in one answer."""
TIMES = 50_000
"""Resets in one picture."""
COLUMNS = (
    "number", "time", "frame", "cause", "confidence", "mechanism", "harm", "client", "client_port", "server",
    "server_port", "incident",
)  # fmt: skip


@dataclass(frozen=True)
class Capture:
    """One capture, or several that are compared.

    Attributes:
        id: random, safe in a URL.
        labels: what its owner calls each file; text from outside.
        paths: where they stand.
        uploaded: the file is ours to delete.
        size: bytes.
        created: seconds since 1970.
        state: queued, running, done, failed or stopped; live while the kernel tells more.
        done: bytes analyzed.
        total: bytes in all, None when nobody knows.
        error: why it failed, or what is damaged.
        quality: as `model.Quality`.
    """

    id: str
    labels: tuple[str, ...]
    paths: tuple[str, ...]
    uploaded: bool
    size: int
    created: float
    state: str
    done: int
    total: int | None
    error: str | None
    quality: dict[str, Any] | None

    @property
    def name(self) -> str:
        """What to call it."""
        return " and ".join(self.labels)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which verdicts are asked for; None and empty mean any.

    Attributes:
        capture: id.
        cause: id.
        confidence: one of the verdict's words.
        harm: one of the verdict's words.
        mechanism: one of the verdict's words.
        host: address of either end.
        port: of either end.
        incident: id.
        since: ISO 8601, from this time on.
        until: ISO 8601, before this time.
        text: anywhere in the verdict.
    """

    capture: str | None = None
    cause: str | None = None
    confidence: str | None = None
    harm: str | None = None
    mechanism: str | None = None
    host: str | None = None
    port: int | None = None
    incident: str | None = None
    since: str | None = None
    until: str | None = None
    text: str | None = None


class Found(NamedTuple):
    """A page of verdicts.

    Attributes:
        rows: COLUMNS and the capture's id of each.
        total: how many there are in all.
    """

    rows: list[dict[str, Any]]
    total: int


class Store:
    """The database. Threads may share one: SQLite lets them in one after the other, and transactions do not mix.

    Args:
        path: the file; made if missing, for its owner only.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self._db = sqlite3.connect(path, timeout=10, check_same_thread=False)
        self._writing = threading.Lock()
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(files("whyrst.serve").joinpath("schema.sql").read_text(encoding="ascii"))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add(
        self, labels: Iterable[str], paths: Iterable[str], size: int, *, uploaded: bool, state: str = "queued"
    ) -> Capture:
        """A new capture, which waits to be analyzed unless its state is another."""
        number = secrets.token_urlsafe(RANDOM)
        row = (number, json.dumps(list(labels)), json.dumps(list(paths)), uploaded, size, time.time(), state)
        with self._writing, self._db:
            self._db.execute(
                "INSERT INTO captures (id, labels, paths, uploaded, size, created, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        found = self.capture(number)
        assert found is not None, "it was just written"
        return found

    def capture(self, number: str) -> Capture | None:
        """A capture by its id."""
        row = self._db.execute("SELECT * FROM captures WHERE id = ?", (number,)).fetchone()
        return _capture(row) if row is not None else None

    def captures(self) -> list[Capture]:
        """Every capture, the newest first."""
        return [_capture(row) for row in self._db.execute("SELECT * FROM captures ORDER BY created DESC, id")]

    def begin(self, number: str) -> None:
        """Its analysis begins: what an earlier one left is forgotten."""
        with self._writing, self._db:
            for table in ("verdicts", "incidents"):
                self._db.execute(f"DELETE FROM {table} WHERE capture = ?", (number,))  # noqa: S608 - our own names
            self._db.execute("UPDATE captures SET state = 'running', error = NULL, done = 0 WHERE id = ?", (number,))

    def progress(self, number: str, done: int, total: int | None) -> None:
        """How far its analysis is."""
        with self._writing, self._db:
            self._db.execute("UPDATE captures SET done = ?, total = ? WHERE id = ?", (done, total, number))

    def end(self, number: str, state: str, error: str | None = None, quality: dict[str, Any] | None = None) -> None:
        """Its analysis is over."""
        told = json.dumps(quality) if quality is not None else None
        with self._writing, self._db:
            self._db.execute(
                "UPDATE captures SET state = ?, error = ?, quality = coalesce(?, quality) WHERE id = ?",
                (state, error, told, number),
            )

    def put(self, number: str, first: int, verdicts: Iterable[dict[str, Any]]) -> int:
        """Keep verdicts, numbered from `first` on; returns how many."""
        rows = [(number, *_row(first + k, verdict)) for k, verdict in enumerate(verdicts)]
        marks = ", ".join("?" * (len(COLUMNS) + 2))
        with self._writing, self._db:
            self._db.executemany(
                f"INSERT INTO verdicts (capture, {', '.join(COLUMNS)}, verdict) VALUES ({marks})",  # noqa: S608
                rows,
            )
        return len(rows)

    def trim(self, number: str, first: int) -> None:
        """Forget the verdicts of a capture before the `first` one."""
        with self._writing, self._db:
            self._db.execute("DELETE FROM verdicts WHERE capture = ? AND number < ?", (number, first))

    def put_incidents(self, number: str, incidents: Iterable[dict[str, Any]]) -> None:
        """Keep incidents."""
        rows = [(number, one["id"], place, json.dumps(one)) for place, one in enumerate(incidents)]
        with self._writing, self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO incidents (capture, id, place, incident) VALUES (?, ?, ?, ?)", rows
            )

    def incidents(self, number: str) -> list[dict[str, Any]]:
        """Incidents of a capture, as they were put."""
        rows = self._db.execute("SELECT incident FROM incidents WHERE capture = ? ORDER BY place", (number,))
        return [json.loads(row[0]) for row in rows]

    def verdict(self, number: str, which: int) -> dict[str, Any] | None:
        """One verdict of a capture."""
        row = self._db.execute(
            "SELECT verdict FROM verdicts WHERE capture = ? AND number = ?", (number, which)
        ).fetchone()
        return json.loads(row[0]) if row is not None else None

    def find(self, wanted: Wanted, *, first: int = 0, limit: int = 100) -> Found:
        """Verdicts, in the order of time."""
        where, values = _where(wanted)
        total = self._db.execute(f"SELECT count(*) FROM verdicts {where}", values).fetchone()[0]  # noqa: S608
        rows = self._db.execute(
            f"SELECT capture, {', '.join(COLUMNS)} FROM verdicts {where} "  # noqa: S608 - our own names only
            "ORDER BY time, capture, number LIMIT ? OFFSET ?",
            (*values, min(max(limit, 0), MOST), max(first, 0)),
        )
        return Found([dict(row) for row in rows], total)

    def times(self, wanted: Wanted) -> list[tuple[str, str]]:
        """Time and harm of verdicts, the first TIMES of them in the order of time."""
        where, values = _where(wanted)
        rows = self._db.execute(f"SELECT time, harm FROM verdicts {where} ORDER BY time LIMIT {TIMES}", values)  # noqa: S608
        return [(row[0], row[1]) for row in rows]

    def counts(self, wanted: Wanted, by: str) -> dict[str, int]:
        """How many verdicts there are for each value of a column, the most frequent first.

        Raises:
            KeyError: there is no such column.
        """
        if by not in COLUMNS:
            raise KeyError(by)
        where, values = _where(wanted)
        rows = self._db.execute(
            f"SELECT {by}, count(*) AS n FROM verdicts {where} GROUP BY {by} ORDER BY n DESC, {by} LIMIT ?",  # noqa: S608
            (*values, MOST),
        )
        return {str(row[0]): row[1] for row in rows}

    def delete(self, number: str) -> Capture | None:
        """Forget a capture and all that belongs to it; an upload's file goes, too."""
        capture = self.capture(number)
        if capture is None:
            return None
        with self._writing, self._db:
            self._db.execute("DELETE FROM captures WHERE id = ?", (number,))
        if capture.uploaded:
            for path in capture.paths:
                Path(path).unlink(missing_ok=True)
        return capture

    def expired(self, keep: int, most: int) -> list[str]:
        """Ids of uploads that have been kept long enough, and of the oldest beyond the most that may be kept."""
        uploads = [c for c in self.captures() if c.uploaded and c.state not in {"queued", "running"}]
        old = time.time() - keep
        return [c.id for k, c in enumerate(uploads) if c.created < old or k >= most]

    def interrupted(self) -> list[str]:
        """Ids of captures whose analysis had begun or waited when the app ended last; live ones of then are done."""
        with self._writing, self._db:
            self._db.execute("UPDATE captures SET state = 'done' WHERE state = 'live'")
        rows = self._db.execute("SELECT id FROM captures WHERE state IN ('queued', 'running') ORDER BY created")
        return [row[0] for row in rows]


def _capture(row: sqlite3.Row) -> Capture:
    told = {field.name: row[field.name] for field in fields(Capture)}
    for name in ("paths", "labels"):
        told[name] = tuple(json.loads(row[name]))
    told["uploaded"] = bool(row["uploaded"])
    told["quality"] = json.loads(row["quality"]) if row["quality"] else None
    return Capture(**told)


def _row(number: int, verdict: dict[str, Any]) -> tuple[Any, ...]:
    connection = verdict["connection"]
    client, server = (connection[side].rpartition(":") for side in ("client", "server"))
    return (
        number, verdict["time"], verdict["frame"], verdict["cause"], verdict["confidence"],
        verdict["reset"]["mechanism"], verdict["harm"]["level"], client[0].strip("[]"), int(client[2]),
        server[0].strip("[]"), int(server[2]), verdict["incident"], json.dumps(verdict),
    )  # fmt: skip


def _where(wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    """The condition and its values."""
    parts: list[str] = []
    values: list[Any] = []
    for name in ("capture", "cause", "confidence", "harm", "mechanism", "incident"):
        value = getattr(wanted, name)
        if value:
            parts.append(f"{name} = ?")
            values.append(value)
    if wanted.host:
        parts.append("(client = ? OR server = ?)")
        values += [wanted.host, wanted.host]
    if wanted.port is not None:
        parts.append("(client_port = ? OR server_port = ?)")
        values += [wanted.port, wanted.port]
    if wanted.since:
        parts.append("time >= ?")
        values.append(wanted.since)
    if wanted.until:
        parts.append("time < ?")
        values.append(wanted.until)
    if wanted.text:
        parts.append("instr(lower(verdict), lower(?)) > 0")
        values.append(wanted.text)
    return (f"WHERE {' AND '.join(parts)}" if parts else ""), tuple(values)
