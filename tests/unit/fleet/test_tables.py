from __future__ import annotations

import duckdb
import pyarrow.parquet as pq
import pytest

from unit.fleet.archives import analyzed, case, cut, table, tables
from whyrst.fleet.tables import Tables
from whyrst.model import Incident, Quality
from whyrst.reports.parquet import schema


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    cut(case("server-restart"), folder / "in" / "north" / "tap=0 %", 2)
    (folder / "in" / "bad").mkdir()
    (folder / "in" / "bad" / "x.pcap").write_bytes(b"no capture at all")
    (path,) = cut(case("port-scan-connect"), folder / "in" / "cut", 1, kinds=("",))
    with open(path, "r+b") as file:  # noqa: PTH123 - cut in place
        file.truncate(len(case("port-scan-connect")) - 5)
    analyzed(folder / "in", folder / "out")
    return folder / "out"


def test_columns_are_the_fields_of_the_model(out):
    for kind, columns in {"verdicts": schema(), "incidents": schema(Incident), "quality": schema(Quality)}.items():
        parts = list(out.glob(f"{kind}/day=*/point=*/*.parquet"))
        assert parts
        for part in parts:
            assert pq.ParquetFile(part).schema_arrow.equals(columns)


def test_partitions_are_read_by_others(out):
    with duckdb.connect() as db:
        rows = db.read_parquet(f"{out}/verdicts/*/*/*.parquet", hive_partitioning=True)
        rows = rows.project("point, day::VARCHAR").distinct().fetchall()
    assert {point for point, _ in rows} == {"north/tap=0 %", "cut"}
    assert all(day.startswith("20") for _, day in rows)


def test_a_capture_without_packets_has_no_day(out):
    (row,) = table(out, "quality", "bad")
    assert (row["start"], row["packets"]) == (None, 0)
    assert row["damage"][0]["reason"].startswith("not a pcap")
    assert list(out.glob("quality/day=__HIVE_DEFAULT_PARTITION__/point=bad/*"))


def test_damage_has_its_place(out):
    (row,) = table(out, "quality", "cut")
    (damage,) = row["damage"]
    assert damage["path"].endswith("cut/capture-000.pcap")
    assert 400 < damage["offset"] < len(case("port-scan-connect"))
    assert row["packets"] == row["segments"] > 0
    assert table(out, "verdicts", "cut")


def test_tables_of_days_that_are_no_more_go(tmp_path):
    def publish(*times):
        with Tables(str(tmp_path), "p") as some:
            for when in times:
                some.add("quality", (when, {"captures": [], "packets": 1, "start": when}))
            return some.publish()

    day = 86_400_000_000_000
    assert publish(0, day) == {"quality": ["1970-01-01", "1970-01-02"]}
    assert publish(day, 2 * day) == {"quality": ["1970-01-02", "1970-01-03"]}
    assert sorted(tables(tmp_path)) == [f"quality/day=1970-01-0{n}/point=p/part-0.parquet" for n in (2, 3)]
    assert not (tmp_path / "quality" / "day=1970-01-01").exists()


def test_a_table_that_fails_leaves_nothing(tmp_path):
    def fail():
        with Tables(str(tmp_path), "p") as some:
            some.add("quality", (0, {"captures": []}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert tables(tmp_path) == {}
    assert list((tmp_path / "_whyrst" / "new").iterdir()) == []
