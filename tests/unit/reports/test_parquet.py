from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from unit.reports.fakes import Fake, verdict
from whyrst import model
from whyrst.reports import parquet
from whyrst.reports.page import View
from whyrst.reports.steps import nanoseconds

SOCKET = {"lport": 80, "state": "LISTEN"}
KERNEL = model.Kernel(None, "tcp_close", ("a", "b"), model.Process(7, "nginx"), SOCKET, "6.12")


def written(*batches):
    out = BytesIO()
    parquet.write(Fake(*batches), out, View())
    return pq.ParquetFile(BytesIO(out.getvalue()))


def restored(row):
    """The verdict of a row, as msgspec writes it."""
    row["time"], row["connection"]["start"] = (_iso(one) for one in (row["time"], row["connection"]["start"]))
    if row["kernel"]:
        row["kernel"]["socket"] = dict(row["kernel"]["socket"])
    return row


def _iso(time):
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06d}{time.nanosecond:03d}Z"


def test_every_field_comes_back():
    some = [verdict(1), verdict(2, kernel=KERNEL, declared="\x1bä", incident="i1"), verdict(3, evidence=())]
    file = written(some[:1], [], some[1:])
    found = [restored(row) for row in file.read().to_pylist()]
    expected = msgspec.to_builtins(some)
    expected[1]["kernel"]["socket"]["lport"] = "80"  # numbers and words in one column are words
    assert found == msgspec.json.decode(msgspec.json.encode(expected))


def test_times_are_timestamps():
    column = written([verdict()]).read()["time"]
    assert column.type == pa.timestamp("ns", "UTC")
    assert column[0].value == nanoseconds(verdict().time)
    assert column[0].as_py().tzinfo.utcoffset(None) == timedelta(0)


def test_row_groups_are_written_as_they_fill(monkeypatch):
    monkeypatch.setattr(parquet, "PIECE", 4)
    monkeypatch.setattr(parquet, "ROWS", 8)
    file = written([verdict(n) for n in range(1, 20)])
    assert [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)] == [8, 8, 3]
    assert file.read()["frame"].to_pylist() == list(range(1, 20))


def test_no_resets_leave_the_columns():
    file = written([])
    assert file.metadata.num_rows == 0
    assert file.schema_arrow.names == [field.name for field in msgspec.structs.fields(model.Verdict)]
