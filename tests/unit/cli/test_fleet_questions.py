"""The commands that ask an archive."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest

from unit.fleet.questions.answered import DAY, HOUR, NOON, at, written
from whyrst.cli.status import run


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    verdicts = [at(NOON - DAY + n, n) for n in range(6)]
    verdicts += [
        at(NOON + n, 10 + n, cause="port-closed", harm="refused", client=f"[2001:db8::{n}]:5") for n in range(3)
    ]
    return written(tmp_path_factory.mktemp("out"), **{"=web\x1b[2J": (verdicts, [(NOON - DAY, NOON + HOUR)])})


@pytest.fixture
def said(capfdbinary):
    """Runs a command; gives its status, stdout and stderr."""

    def run_it(*arguments):
        status = run(["fleet", *map(str, arguments)])
        shown = capfdbinary.readouterr()
        return status, shown.out.decode(), shown.err.decode()

    return run_it


def test_top_as_text(out, said):
    status, text, err = said("top", out)
    assert (status, err) == (0, "")
    assert text.splitlines()[0] == "9 TCP resets from 2026-11-19 12:00Z to 2026-11-20 12:00Z"
    assert text.splitlines()[3].split() == ["6", "66.7%", "6", "6", "2026-11-19", "12:00Z", "close-with-unread-data"]


def test_top_as_json(out, said):
    status, text, _ = said("top", out, "--by", "client", "--by", "point", "--format", "json", "--limit", 1)
    assert status == 0
    assert json.loads(text) == {
        "by": ["client", "point"],
        "resets": 9,
        "keys": 4,
        "first": "2026-11-19T12:00:00.000000000Z",
        "last": "2026-11-20T12:00:00.000000002Z",
        "rows": [
            {
                "client": "10.0.0.9", "point": "=web\x1b[2J", "resets": 6, "share": 6 / 9, "connections": 6,
                "harmful": 6, "first": "2026-11-19T12:00:00.000000000Z", "last": "2026-11-19T12:00:00.000000005Z",
            }
        ],
    }  # fmt: skip
    assert text.count("\n") == 1


def test_top_as_csv(out, said):
    status, text, _ = said("top", out, "--by", "point", "--by", "harm", "--format", "csv")
    assert status == 0
    first, last = "2026-11-20T12:00:00.000000000Z", "2026-11-20T12:00:00.000000002Z"
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["point", "harm", "resets", "connections", "harmful", "first", "last"]
    assert rows[2] == ["'=web\\x1b[2J", "refused", "3", "3", "3", first, last]
    assert len(rows) == 3


def test_what_is_selected(out, said):
    for options, number in (
        (["--cause", "port-closed"], 3),
        (["--since", "2026-11-20"], 3),
        (["--since", "2h"], 3),
        (["--until", "1h"], 6),
        (["--host", "2001:DB8:0::1"], 1),
        (["--host", "10.0.0.9", "--host", "2001:db8::1"], 7),
        (["--port", "8080"], 9),
        (["--port", "80"], 0),
        (["--point", "=web\x1b[2J"], 9),
        (["--point", "web"], 0),
    ):
        status, text, _ = said("top", out, "--format", "json", *options)
        assert (status, json.loads(text)["resets"]) == (0, number), options


def test_trend_as_text_and_json(out, said):
    status, text, err = said("trend", out, "--every", "day", "--new-since", "12h")
    assert (status, err) == (0, "")
    assert "  cause port-closed: 3 resets, the first at 2026-11-20 12:00:00.000Z\n" in text
    status, text, _ = said("trend", out, "--every", "day", "--new-since", "12h", "--format", "json")
    document = json.loads(text)
    assert status == 0
    assert document["every"] == 86400
    assert [(one["start"][:10], one["captured"], one["resets"], one["harmful"]) for one in document["buckets"]] == [
        ("2026-11-19", True, 6, 6), ("2026-11-20", True, 3, 3)
    ]  # fmt: skip
    assert [(one["cause"], one["resets"], one["counts"]) for one in document["rows"]] == [
        ("close-with-unread-data", 6, [6, 0]), ("port-closed", 3, [0, 3])
    ]  # fmt: skip
    assert document["new"]["since"] == "2026-11-20T01:00:00.000000000Z"
    assert [one["client"] for one in document["new"]["found"] if one["by"] == ["client"]] == [
        f"2001:db8::{n}" if n else "2001:db8::0" for n in range(3)
    ]
    assert document["spikes"] is None


def test_trend_as_csv(out, said):
    _, text, _ = said("trend", out, "--every", "12h", "--since", "2026-11-20", "--format", "csv")
    assert list(csv.reader(io.StringIO(text))) == [
        ["start", "cause", "resets", "harmful"],
        ["2026-11-20T00:00:00.000000000Z", "port-closed", "0", "0"],
        ["2026-11-20T12:00:00.000000000Z", "port-closed", "3", "3"],
    ]


def test_query(out, said):
    question = "SELECT point, count(*) AS n FROM verdicts GROUP BY ALL"
    assert said("query", out, question) == (
        0,
        "  point        n\n  =web\\x1b[2J  9\n",
        "",
    )
    assert said("query", out, question, "--format", "csv") == (0, "point,n\r\n'=web\\x1b[2J,9\r\n", "")
    status, text, err = said("query", out, question, "--format", "json")
    assert (status, json.loads(text), err) == (0, [{"point": "=web\x1b[2J", "n": 9}], "")


def test_rows_left_out_are_said(out, said):
    for form in ("text", "csv", "json"):
        status, text, err = said("query", out, "SELECT * FROM range(3)", "--limit", 2, "--format", form)
        assert (status, err) == (0, "whyrst: these are the first 2 rows; --limit gives more\n")
        assert "1" in text
        assert "2" not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["top", "{out}/absent"], "no such folder"),
        (["top", "{out}", "--by", "colour"], "'colour' is none of cause, service"),
        (["top", "{out}", "--cause", "gremlins"], "gremlins"),
        (["top", "{out}", "--host", "example.org"], "'example.org' does not appear to be an IPv4 or IPv6 address"),
        (["top", "{out}", "--since", "soon"], "'soon' is no time such as"),
        (["top", "{out}", "--limit", "0"], "--limit"),
        (["top", "{out}", "--memory", "99"], "--memory"),
        (["trend", "{out}", "--every", "1s"], "'1s' is no span such as"),
        (["trend", "{out}", "--new-since", "soon"], "--new-since"),
        (["query", "{out}"], "Missing argument"),
        (["query", "{out}", "SELECT \x1b[2J"], "syntax error"),
        (["query", "{out}", "DROP VIEW verdicts"], "a question is one SELECT"),
    ],
)
def test_refusals(out, said, arguments, words):
    status, text, err = said(*(one.format(out=out) for one in arguments))
    assert (status, text) == (2, "")
    assert words in err
    assert "\x1b" not in err
    assert "Traceback" not in err


def test_a_missing_library_is_named(out, said, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "duckdb" else object())
    for arguments in (["top", out], ["trend", out], ["query", out, "SELECT 1"]):
        assert said(*arguments) == (2, "", "whyrst: needs duckdb: pip install 'whyrst[fleet]'\n")


@pytest.mark.parametrize("words", [("query", "selec"), ("query", "SELECT 1"), ("top", "--since=5"), ("trend",)])
def test_libraries_say_nothing_at_the_end(out, words):
    command = (sys.executable, "-m", "whyrst.cli", "fleet", words[0], str(out), *words[1:])
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.count("\n") == {"selec": 1, "--since=5": 4}.get(words[-1], 0)
