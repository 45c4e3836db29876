from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from unit.fleet.questions.answered import NOON, at, real_archive, written
from whyrst.fleet.questions.query import query, query_objects
from whyrst.fleet.questions.views import QuestionError, opened


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return real_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture
def archive(tmp_path):
    with opened(written(tmp_path / "out", web=([at(NOON)], [(NOON, NOON)]))) as made:
        yield made


def test_columns_are_the_fields(real):
    out, verdicts = real
    question = """SELECT cause, connection.server AS service, len(evidence) AS facts, count(*) AS n
      FROM verdicts WHERE probability > 0.5 GROUP BY ALL"""
    expected = Counter(
        (one["cause"], one["connection"]["server"], len(one["evidence"]))
        for one in verdicts
        if one["probability"] > 0.5
    )
    with opened(out) as archive:
        rows, more = query_objects(archive, question, 1000)
        answer = query(archive, question, 1000)
    assert {(row["cause"], row["service"], row["facts"]): row["n"] for row in rows} == expected
    assert Counter(answer.rows) == Counter((*map(str, key), str(number)) for key, number in expected.items())
    assert answer.columns == ("cause", "service", "facts", "n")
    assert not more
    assert not answer.more


def test_nested_values_stay_nested(real):
    out, verdicts = real
    with opened(out) as archive:
        rows, _ = query_objects(archive, "SELECT evidence, reset FROM verdicts ORDER BY point, capture, frame", 1000)
    expected = sorted(verdicts, key=lambda one: (one["point"], one["capture"], one["frame"]))
    assert [(row["evidence"], row["reset"]) for row in rows] == [(one["evidence"], one["reset"]) for one in expected]


def test_quality_and_incidents_are_there(archive):
    assert query(archive, "SELECT packets, skipped['not-tcp'], day FROM quality", 9).rows == (
        ("1143", "20", "2026-11-20"),
    )
    assert query(archive, "SELECT count(*) FROM incidents", 9).rows == (("0",),)


def test_the_order_stays_and_the_limit_is_known(archive):
    for limit, more in ((3, True), (4, False), (5, False)):
        answer = query(archive, "SELECT range AS n FROM range(4) ORDER BY n DESC", limit)
        assert answer.rows == (("3",), ("2",), ("1",), ("0",))[:limit]
        assert answer.more is more
        rows, known = query_objects(archive, "SELECT range AS n FROM range(4) ORDER BY n DESC", limit)
        assert [row["n"] for row in rows] == [3, 2, 1, 0][:limit]
        assert known is more


def test_what_json_cannot_hold(archive):
    question = """SELECT 'nan'::DOUBLE AS a, '-inf'::DOUBLE AS b, [1, 'nan'::DOUBLE] AS c, NULL AS d, 1 AS e, 2 AS e,
      170141183460469231731687303715884105727::HUGEINT AS f"""
    rows, _ = query_objects(archive, question, 9)
    assert rows == [{"a": None, "b": None, "c": [1, None], "d": None, "e": 1, "e_1": 2, "f": 2**127 - 1}]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


@pytest.mark.parametrize(
    "question",
    [
        "DESCRIBE verdicts",
        "SELECT 1 -- a comment",
        "FROM verdicts SELECT max(time);",
        "VALUES (1)",
        "WITH x AS (SELECT 1) TABLE x",
        "SHOW TABLES",
    ],
)
def test_ways_to_ask(archive, question):
    assert query(archive, question, 9).rows
    assert query_objects(archive, question, 9)[0]


@pytest.mark.parametrize(
    "question",
    [
        "", ";", "SELECT 1; SELECT 2", "COPY (SELECT 1) TO '{file}'", "CREATE TABLE x (a INT)",
        "SET memory_limit = '9GB'",
        "RESET enable_external_access", "ATTACH '{file}'", "INSTALL httpfs", "LOAD httpfs", "EXPORT DATABASE '{file}'",
        "DROP VIEW verdicts", "CALL pragma_version()", "PRAGMA enable_profiling", "EXPLAIN SELECT 1", "CHECKPOINT",
        "DELETE FROM verdicts", "PREPARE x AS SELECT 1", "CREATE MACRO f() AS 1", "USE memory", "BEGIN",
    ],
)  # fmt: skip
def test_only_one_select_is_taken(archive, tmp_path, question):
    for asked in (query, query_objects):
        with pytest.raises(QuestionError, match="a question is one SELECT"):
            asked(archive, question.format(file=tmp_path / "made"), 9)
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM '{file}'", "SELECT * FROM read_csv('{file}')", "SELECT * FROM read_text('{file}')",
        "SELECT * FROM read_blob('{file}')", "SELECT * FROM read_json('{file}')",
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM glob('{folder}/*')", "SELECT * FROM sniff_csv('{file}')",
        "SELECT * FROM parquet_schema('{file}')",
        "SELECT * FROM query('SELECT * FROM read_text(''{file}'')')", "SELECT * FROM query_table('{file}')",
        "SELECT * FROM read_parquet('{folder}/out/verdicts/*/*/*.parquet')", "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM read_text('http://127.0.0.1:1/x')", "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
        "SELECT getenv('HOME')",
        "SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = '{folder}/log')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{file}'')'))",
    ],
)  # fmt: skip
def test_nothing_else_can_be_read(archive, tmp_path, question):
    secret = tmp_path / "secret.csv"
    secret.write_text("word\nswordfish\n")
    for asked in (query, query_objects):
        with pytest.raises(QuestionError) as refused:
            asked(archive, question.format(file=secret, folder=tmp_path), 9)
        assert "swordfish" not in str(refused.value)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "question", ["selec 1", "SELECT cau FROM verdicts", "SELECT $1", "SELECT 1/'x'", "SELECT '\udcff'"]
)
def test_a_wrong_question_is_answered_in_one_line(archive, question):
    with pytest.raises(QuestionError) as refused:
        query(archive, question, 9)
    assert "\n" not in str(refused.value)


def test_an_endless_question_can_be_interrupted(tmp_path):
    out = written(tmp_path, web=([at(NOON)], []))
    endless = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE (a.range * b.range) % 7 = 3"
    program = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from whyrst.cli.status import run
print("asking", flush=True)
sys.exit(run(["fleet", "query", {out!r}, {endless!r}]))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asked:
        assert asked.stdout.readline() == b"asking\n"
        time.sleep(2)
        asked.send_signal(signal.SIGINT)
        assert asked.wait(30) == 130
        assert asked.stderr.read().strip() == b""
