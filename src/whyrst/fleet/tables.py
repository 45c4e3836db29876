"""The tables of one capture point: Parquet below `day=.../point=.../`, columns as the types in `model` have fields.

A day is that of the reset, of an incident's first reset, and of a capture's first packet, in UTC; captures without any
have Hive's name for no value.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from collections import defaultdict
from datetime import date, timedelta
from typing import Any, Self

from whyrst.fleet.store import STATE, escaped, written
from whyrst.model import Incident, Quality, Verdict
from whyrst.reports.parquet import PIECE, ROWS, row, schema
from whyrst.reports.steps import nanoseconds

KINDS = {"verdicts": Verdict, "incidents": Incident, "quality": Quality}
NO_DAY = "__HIVE_DEFAULT_PARTITION__"
DAY = 86_400_000_000_000

Row = tuple[int | None, dict[str, Any]]
"""When, in nanoseconds since 1970, and the values."""


def verdict_row(verdict: Verdict) -> Row:
    """The values of one reset."""
    made = row(verdict)
    return made["time"], made


def incident_row(incident: Incident) -> Row:
    """The values of one incident."""
    import msgspec

    made: dict[str, Any] = msgspec.to_builtins(incident)
    made["start"], made["end"] = nanoseconds(incident.start), nanoseconds(incident.end)
    made["causes"] = sorted(incident.causes.items())
    return made["start"], made


def quality_row(quality: Quality) -> Row:
    """The values of one capture's quality."""
    import msgspec

    made: dict[str, Any] = msgspec.to_builtins(quality)
    for name in ("start", "end"):
        made[name] = nanoseconds(made[name]) if made[name] is not None else None
    made["skipped"] = sorted(quality.skipped.items())
    return made["start"], made


class Tables:
    """Tables of one point being written; nothing is seen of them until `publish`."""

    def __init__(self, out: str, point: str, share: tuple[int, int] = (0, 1)) -> None:
        self._out = out
        self._part = _part(share[0])
        # The first share also takes away the parts of shares that there are no more.
        self._more = share[1] if share[0] == 0 else None
        self._point = f"point={escaped(point)}"
        self._open: dict[tuple[str, str], _Table] = {}

    def __enter__(self) -> Self:
        folder = os.path.join(self._out, STATE, "new")
        os.makedirs(folder, exist_ok=True)
        self._folder = tempfile.mkdtemp(dir=folder)
        return self

    def __exit__(self, *trouble: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, kind: str, what: Row) -> None:
        """Add one row to the table of its day."""
        when, values = what
        day = _day(when)
        table = self._open.get((kind, day))
        if table is None:
            path = os.path.join(self._folder, f"{kind}-{day}")
            table = self._open[kind, day] = _Table(path, schema(KINDS[kind]))
        table.add(values)

    def publish(self) -> dict[str, list[str]]:
        """Put the tables into their places, and take away those of days that are no more.

        Returns:
            The days of each kind.
        """
        days: dict[str, list[str]] = defaultdict(list)
        for (kind, day), table in sorted(self._open.items()):
            table.close()
            days[kind].append(day)
            _place(table.path, os.path.join(self._out, kind, f"day={day}", self._point, self._part))
        for kind in KINDS:
            os.makedirs(os.path.join(self._out, kind), exist_ok=True)
            self._forget(kind, {f"day={day}" for day in days.get(kind, ())})
        return dict(days)

    def _forget(self, kind: str, days: set[str]) -> None:
        """Remove the point's tables of other days, and of shares that there are no more."""
        for day in sorted(os.listdir(os.path.join(self._out, kind))):
            folder = os.path.join(self._out, kind, day, self._point)
            if not day.startswith("day=") or not os.path.isdir(folder):
                continue
            for name in os.listdir(folder):
                number = name.removeprefix("part-").removesuffix(".parquet")
                old = self._more is not None and number.isdecimal() and int(number) >= self._more
                if old or (name == self._part and day not in days):
                    os.unlink(os.path.join(folder, name))
                    _remove_if_empty(folder)
                    _remove_if_empty(os.path.dirname(folder))


def remove(out: str, point: str) -> None:
    """Take away the tables of a point."""
    for kind in KINDS:
        for day in sorted(os.listdir(os.path.join(out, kind))):
            if day.startswith("day="):
                shutil.rmtree(os.path.join(out, kind, day, f"point={escaped(point)}"), ignore_errors=True)
                _remove_if_empty(os.path.join(out, kind, day))


class _Table:
    """One table being written, in pieces."""

    def __init__(self, path: str, columns: Any) -> None:
        import pyarrow.parquet as pq

        self.path = path
        self._columns = columns
        self._file = written(path)
        self._writer = pq.ParquetWriter(self._file, columns, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._pieces: list[Any] = []

    def add(self, values: dict[str, Any]) -> None:
        self._rows.append(values)
        if len(self._rows) == PIECE:
            self._gather()

    def close(self) -> None:
        self._gather()
        self._flush()
        self._writer.close()
        self._file.close()

    def _gather(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._pieces.append(pa.RecordBatch.from_pylist(self._rows, self._columns))
            self._rows = []
        if len(self._pieces) == ROWS // PIECE:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._pieces:
            self._writer.write_table(pa.Table.from_batches(self._pieces))
            self._pieces = []


def _part(share: int) -> str:
    return f"part-{share}.parquet"


def _remove_if_empty(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        return


def _day(when: int | None) -> str:
    if when is None:
        return NO_DAY
    return (date(1970, 1, 1) + timedelta(days=when // DAY)).isoformat()


def _place(made: str, target: str) -> None:
    """Put a file into its place, unless the same stands there."""
    if os.path.exists(target) and filecmp.cmp(made, target, shallow=False):
        return
    with open(made, "rb") as file:
        os.fsync(file.fileno())
    os.chmod(made, 0o644)
    while True:
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(made, target)
        except FileNotFoundError:
            if not os.path.exists(made):
                raise
            continue  # another worker found the new folder empty and removed it
        return
