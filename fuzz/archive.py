"""Search for tables and notes of an archive that break the questions asked of it, or the run that goes on there.

    python fuzz/archive.py [libFuzzer options] [CORPUS]

The first byte says what the others are: the bytes of a table, which a question refuses on one line or answers; edits
of the values of tables, which must be answered in text that no terminal acts on; or a note of a run that was
interrupted, which is taken or not, and never an error.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import atheris

with atheris.instrument_imports(include=["whyrst"]):
    import msgspec
    import pyarrow as pa
    import pyarrow.parquet as pq
    from search import CASES, search

    from whyrst.analysis import analyze
    from whyrst.fleet.diagnose import Judgement
    from whyrst.fleet.find import Found
    from whyrst.fleet.keep import Choice, Kept
    from whyrst.fleet.questions import document, shown, shown_trend
    from whyrst.fleet.questions.keys import KEYS
    from whyrst.fleet.questions.query import query, query_objects
    from whyrst.fleet.questions.selection import Selection
    from whyrst.fleet.questions.top import top
    from whyrst.fleet.questions.trend import latest, trend
    from whyrst.fleet.questions.views import QuestionError, opened
    from whyrst.fleet.store import noted
    from whyrst.fleet.tables import quality_row, verdict_row
    from whyrst.model import Quality, Verdict
    from whyrst.reports.parquet import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
KINDS = {"verdicts": Verdict, "quality": Quality}
NOTES = (Found, Kept, Choice, Judgement)
HOUR = 3_600_000_000_000
NUMBERS = (0, 1, -1, HOUR, -HOUR, 1_780_000_000_000_000_000, (1 << 63) - 1, -(1 << 63) + 1, -(1 << 63))
BY = tuple(KEYS)


def rows() -> dict[str, list[dict[str, Any]]]:
    """Values of one small archive."""
    report = analyze(CASES / "tls-rejected" / "capture.pcap")
    verdicts = [verdict_row(one)[1] for one in report.verdicts]
    return {"verdicts": verdicts * 2, "quality": [quality_row(report.quality)[1]]}


def table(kind: str, values: list[dict[str, Any]]) -> bytes:
    """A part of an archive."""
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(values, schema(KINDS[kind])), out)
    return out.getvalue()


def seeds() -> Iterator[tuple[str, bytes]]:
    """Tables, edits, and notes that are whole."""
    for number, kind in enumerate(KINDS):
        yield kind, bytes([number]) + table(kind, ROWS[kind])
    for k in range(30):
        yield f"edits-{k}", bytes([2]) + bytes(range(k, k + 64))
    said = {"made_by": "whyrst", "says": {"stamp": "1", "chosen": "", "digest": "", "segments": 1, "bytes": 2}}
    yield "note", bytes([3]) + msgspec.json.encode(said)


def check(data: bytes) -> None:
    """Put these bytes into an archive, and ask."""
    what, data = (data[0] % 4, data[1:]) if data else (3, data)
    if what == 3:  # noqa: PLR2004  (the last of four)
        NOTE.write_bytes(data)
        for kind in NOTES:
            noted(str(NOTE), kind)
        return
    choose = atheris.FuzzedDataProvider(data)
    parts = {kind: table(kind, ROWS[kind]) for kind in KINDS}
    if what == 2:  # noqa: PLR2004  (the edits)
        for _ in range(choose.ConsumeIntInRange(0, 2)):
            kind = tuple(KINDS)[choose.ConsumeIntInRange(0, 1)]
            values = msgspec.json.decode(msgspec.json.encode(ROWS[kind]))
            for _ in range(choose.ConsumeIntInRange(1, 8)):
                edit(choose, values[choose.ConsumeIntInRange(0, len(values) - 1)])
            try:
                parts[kind] = table(kind, values)
            except (pa.ArrowException, OverflowError):
                return
    else:
        parts[tuple(KINDS)[what]] = data
    for kind, part in parts.items():
        PLACES[kind].write_bytes(part)
    try:
        ask(choose)
    except QuestionError as error:
        if "\n" in str(error):
            raise AssertionError(error) from error


def edit(choose: atheris.FuzzedDataProvider, place: Any) -> None:
    """Put another value into a row, somewhere."""
    while True:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        if not keys:
            return
        key = keys[choose.ConsumeIntInRange(0, len(keys) - 1)]
        if isinstance(place[key], dict | list) and choose.ConsumeIntInRange(0, 9):
            place = place[key]
            continue
        match choose.ConsumeIntInRange(0, 3):
            case 0:
                place[key] = None
            case 1 if isinstance(place[key], int):
                place[key] = NUMBERS[choose.ConsumeIntInRange(0, len(NUMBERS) - 1)]
            case 2 if isinstance(place[key], int):
                place[key] = choose.ConsumeIntInRange(-(1 << 63), (1 << 63) - 1)
            case _ if isinstance(place[key], str):
                place[key] = choose.ConsumeUnicodeNoSurrogates(12)
        return


def ask(choose: atheris.FuzzedDataProvider) -> None:
    """Ask everything, in every form."""
    by = tuple({BY[choose.ConsumeIntInRange(0, len(BY) - 1)] for _ in range(2)})
    text = io.BytesIO()
    page = shown.page(text, color=False)
    with opened(str(ROOT)) as archive:
        counted = top(archive, by, Selection(), 5)
        shown.top(page, counted)
        text.write(document.json_bytes(document.top_document(counted)))
        shown.query(page, query(archive, "SELECT * FROM verdicts", 9))
        text.write(document.json_bytes(query_objects(archive, "SELECT * FROM quality", 9)[0]))
        end = latest(archive)
        chosen = Selection(since=end - 100 * HOUR) if choose.ConsumeBool() else Selection()
        told = trend(archive, by, chosen, HOUR, end - 24 * HOUR, 3)
        shown_trend.trend(page, told)
        text.write(document.json_bytes(document.trend_document(told)))
    found = CONTROL.search(text.getvalue().decode())
    assert found is None, text.getvalue()[max(found.start() - 40, 0) : found.end() + 40]


if __name__ == "__main__":
    ROWS = rows()
    with tempfile.TemporaryDirectory(prefix="whyrst-fuzz-") as made:
        ROOT, NOTE = Path(made) / "out", Path(made) / "note.json"
        PLACES = {kind: ROOT / kind / "day=2026-05-28" / "point=web" / "part-0.parquet" for kind in KINDS}
        for one in PLACES.values():
            one.parent.mkdir(parents=True)
        search(check, seeds())
