from __future__ import annotations

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unit.fleet.questions.answered import NOON, at, written
from whyrst.fleet.questions.selection import Selection
from whyrst.fleet.questions.top import top
from whyrst.fleet.questions.trend import trend
from whyrst.fleet.questions.views import QuestionError, ask, opened
from whyrst.reports.parquet import schema


def points(out):
    with opened(out) as archive:
        return ask(archive, "SELECT day, point, count(*) FROM verdicts GROUP BY ALL ORDER BY ALL")


def part(out, point="web", day="2026-11-20"):
    return out / "verdicts" / f"day={day}" / f"point={point}" / "part-0.parquet"


def test_no_archive_is_said(tmp_path):
    for folder, words in ((tmp_path / "absent", "no such folder"), (tmp_path, "no archive of whyrst fleet analyze")):
        with pytest.raises(QuestionError, match=words), opened(str(folder)):
            pass


@pytest.mark.parametrize("there", ["_whyrst", "quality", "verdicts/day=2026-11-20/point=web"])
def test_an_archive_may_be_empty(tmp_path, there):
    (tmp_path / there).mkdir(parents=True)
    with opened(str(tmp_path)) as archive:
        assert top(archive, ("cause", "client"), Selection(since=5, hosts=("::1",)), 9).resets == 0
        for kind in ("verdicts", "incidents", "quality"):
            assert archive.table(kind).aggregate("count(*), max(day), max(point)").fetchall() == [(0, None, None)]
        assert ask(archive, "SELECT max(start), sum(resets) FROM incidents") == [(None, None)]


def test_files_that_are_half_written_are_passed_over(tmp_path):
    out = written(tmp_path, web=([at(NOON)], []))
    for name in (".part-1.parquet", "_part-1.parquet", ".tmp", "part-1.parquet.tmp"):
        (part(tmp_path).parent / name).write_bytes(b"PAR1 half")
    (tmp_path / "verdicts" / "_day=2026-11-21").mkdir()
    (tmp_path / "verdicts" / "note.txt").write_text("no folder")
    assert [number for *_, number in points(out)] == [1]


def test_names_mean_themselves(tmp_path):
    """Names in which a pattern could be seen, beside one that such a pattern would match."""
    out = tmp_path / "o[1]*'; DROP VIEW verdicts; --"
    names = ("a[b]c", "abc", "x*", "xyz", "?", "'", "a/b", "%2F", "..", "\x1b[31m", "ä")
    written(out, **{name: ([at(NOON)], []) for name in names})
    assert sorted((point, number) for _, point, number in points(str(out))) == sorted((name, 1) for name in names)


def test_names_that_others_wrote_unescaped(tmp_path):
    written(tmp_path, web=([at(NOON)], []), we=([at(NOON, 1), at(NOON, 2)], []))
    shutil.copytree(part(tmp_path).parent, part(tmp_path, "w[e]").parent)
    shutil.copytree(part(tmp_path).parent, part(tmp_path, "*").parent)
    assert [(point, number) for _, point, number in points(str(tmp_path))] == [
        ("*", 1), ("w[e]", 1), ("we", 2), ("web", 1)
    ]  # fmt: skip


def test_the_folders_above_an_archive_name_no_columns(tmp_path):
    out = tmp_path / "cause=none" / "day=1970-01-01" / "point=x"
    written(out, web=([at(NOON)], []))
    with opened(str(out)) as archive:
        assert ask(archive, "SELECT cause, point, CAST(day AS VARCHAR) FROM verdicts") == [
            ("close-with-unread-data", "web", "2026-11-20")
        ]


def test_day_and_point_are_those_of_the_folders(tmp_path):
    out = written(tmp_path, web=([at(NOON)], []))
    table = pq.ParquetFile(part(tmp_path)).read()
    pq.write_table(table.append_column("point", pa.array(["another"])), part(tmp_path))
    ((day, point, number),) = points(out)
    assert (str(day), point, number) == ("2026-11-20", "web", 1)


def test_a_capture_without_a_time_has_no_day(tmp_path):
    out = written(tmp_path, web=([at(NOON)], [(NOON, NOON)]))
    folder = tmp_path / "quality" / "day=2026-11-20"
    folder.rename(folder.with_name("day=__HIVE_DEFAULT_PARTITION__"))
    with opened(out) as archive:
        assert ask(archive, "SELECT day, point FROM quality") == [(None, "web")]


def test_parts_with_fewer_columns_are_read_along(tmp_path):
    out = written(tmp_path, web=([at(NOON)], []), old=([at(NOON, 1)], []))
    table = pq.ParquetFile(part(tmp_path, "old")).read()
    pq.write_table(table.drop_columns(["declared", "origin"]), part(tmp_path, "old"))
    with opened(out) as archive:
        assert top(archive, ("declared",), Selection(), 9).resets == 2


def test_a_verdict_without_a_time_is_none_of_whyrst_s(tmp_path):
    out = written(tmp_path, web=([at(NOON), at(NOON + 1, 1)], [(NOON, NOON)]))
    table = pq.ParquetFile(part(tmp_path)).read().to_pylist()
    table[0]["time"] = None
    pq.write_table(pa.Table.from_pylist(table, schema()), part(tmp_path))
    with opened(out) as archive:
        assert top(archive, ("cause",), Selection(), 9).resets == 1
        assert trend(archive, ("cause",), Selection(), 10**9, NOON, 9).whole.total == 1


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"nonsense" * 100, None])
def test_a_damaged_part_is_named_in_one_line(tmp_path, damage):
    out = written(tmp_path, web=([at(NOON)], []), bad=([at(NOON, 1)], []))
    whole = part(tmp_path, "bad").read_bytes()
    part(tmp_path, "bad").write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(QuestionError, match="point=bad") as found, opened(out) as archive:
        top(archive, ("cause",), Selection(), 9)
    assert "\n" not in str(found.value)


def test_too_little_memory_is_said(tmp_path):
    with (
        pytest.raises(QuestionError, match=r"^Out of Memory Error"),
        opened(written(tmp_path, web=([at(NOON)], [])), memory=100) as archive,
    ):
        ask(archive, "SELECT len(list(range)) FROM range(100000000)")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["_whyrst", "incidents", "quality", "verdicts"]


def test_what_python_holds_is_no_table(tmp_path):
    mine = pa.table({"secret": [1]})
    with opened(written(tmp_path, web=([at(NOON)], []))) as archive, pytest.raises(QuestionError, match="mine"):
        ask(archive, "SELECT * FROM mine")
    assert mine.num_rows == 1
