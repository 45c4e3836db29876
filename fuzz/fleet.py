"""Coverage-guided search for captures whose archive is not analyzed as the joined captures are.

    python fuzz/fleet.py [libFuzzer options] [CORPUS]

The packets of a capture are cut into two rotated files of one capture point. Steps, tables and questions must take
whatever they hold, and where the files follow each other in time the verdicts must be those of `analyze --join`. The
loops run compiled if they are: coverage counts in the archive's own steps.
"""

from __future__ import annotations

import shutil
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

with atheris.instrument_imports(include=["whyrst.fleet"]):
    import pyarrow as pa
    from search import HEADER, as_pcap, captures, packets, search

    from whyrst.analysis import analyze
    from whyrst.capture.errors import CaptureError
    from whyrst.causes import all_causes
    from whyrst.fleet.archive import listed
    from whyrst.fleet.plan import run
    from whyrst.fleet.questions.selection import Selection
    from whyrst.fleet.questions.trend import latest, trend
    from whyrst.fleet.questions.views import QuestionError, ask, opened
    from whyrst.fleet.workers import Serial
    from whyrst.reports.parquet import row, schema

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HOUR = 3_600_000_000_000
COLUMNS = ("capture", "frame", "time", "cause", "confidence", "probability", "connection", "reset", "harm", "incident")


def check(data: bytes) -> None:
    """Cut these bytes in two, and analyze both as an archive and joined."""
    if not data or len(data) < HEADER + 1:
        return
    found = packets(data[1:])
    if not found:
        return
    cut = 1 + data[0] * (len(found) - 1) // 255
    source, out = ROOT / "captures", ROOT / "out"
    shutil.rmtree(out, ignore_errors=True)
    parts = [part for part in (found[:cut], found[cut:]) if part]
    for place in source.iterdir():
        place.unlink()
    for number, part in enumerate(parts):
        (source / f"{number}.pcap").write_bytes(as_pcap(part, data[1:]))
    run(listed([str(source)]), str(out), Serial())
    with opened(str(out)) as archive:
        ((judged,),) = ask(archive, "SELECT count(*) FROM verdicts")
        if data[0] % 8 == 0:  # it costs more than all else
            hold(archive, judged)
        if follow(parts):
            table = archive.table("verdicts").project(", ".join(f'"{name}"' for name in COLUMNS)).to_arrow_table()
            compare(table.to_pylist(), [str(source / f"{number}.pcap") for number in range(len(parts))])


def hold(archive: DuckDBPyConnection, judged: int) -> None:
    """Resets over time are as many as there are, unless their times lie too far apart."""
    try:
        told = trend(archive, ("cause",), Selection(), HOUR, latest(archive) - HOUR, 5)
    except QuestionError as error:
        if "buckets are too many" not in str(error):
            raise
        return
    assert (told.whole.total if told.whole else 0) == judged, told


def follow(parts: list[list[tuple[int, bytes]]]) -> bool:
    """Whether no packet of one file is older than one of the file before it."""
    return all(max(time for time, _ in one) < min(time for time, _ in two) for one, two in pairwise(parts))


def compare(told: list[dict[str, object]], paths: list[str]) -> None:
    """Hold an archive's verdicts against those of the joined captures."""
    try:
        rows = [row(verdict) for verdict in analyze(paths, join=True).verdicts]
    except CaptureError:
        return
    expected = pa.Table.from_pylist(rows, schema()).select(list(COLUMNS)).to_pylist()
    assert sorted(map(str, told)) == sorted(map(str, expected)), (told, expected)


if __name__ == "__main__":
    all_causes()
    with tempfile.TemporaryDirectory(prefix="whyrst-fuzz-") as made:
        ROOT = Path(made)
        (ROOT / "captures").mkdir()
        seeds = ((name, bytes([100]) + data) for name, data in captures() if not name.endswith("pcapng"))
        search(check, seeds)
