from __future__ import annotations

import json
from pathlib import Path

import pytest

from whyrst.cli.status import run

CASE = Path(__file__).parents[2] / "cases" / "compare" / "forged-to-client"
FILES = [str(CASE / f"{point}.pcap") for point in ("client", "router", "server")]


def test_the_report_begins_with_the_places(capfdbinary):
    assert run(["compare", *FILES]) == 0
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert lines[0] == "3 captures compared, from the client to the server"
    assert [line.split()[0] for line in lines[1:4]] == ["client", "between", "server"]
    assert any("made between client.pcap and router.pcap" in line for line in lines)


def test_json_is_the_verdict_of_analyze_with_its_origin(capfdbinary):
    assert run(["compare", "--json", *FILES]) == 0
    verdicts = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert {v["schema"] for v in verdicts} == {"whyrst.verdict/1"}
    assert {v["origin"]["kind"] for v in verdicts} == {"between", "end"}


def test_quiet_is_one_line_per_reset(capfdbinary):
    assert run(["compare", "-q", *FILES]) == 0
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert [line.split()[2] for line in lines if not line.endswith(":")] == ["forged-reset", "connection-gone"]


def test_one_reset_with_its_ladder(capfdbinary):
    assert run(["compare", "--reset", "1", *FILES]) == 0
    out = capfdbinary.readouterr().out.decode()
    assert "LADDER" in out
    assert "RST" in next(line for line in out.splitlines() if "=*" in line)
    assert "where    made between" in out


def test_a_reset_that_is_not_there(capfdbinary):
    assert run(["compare", "--reset", "9", *FILES]) == 2
    assert b"the captures hold 2 of them" in capfdbinary.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--names", "somewhere=x", *FILES], "somewhere=x"),
        (["--names", "client=x", *FILES], "not among the captures"),
        (["--names", f"client={FILES[0]}", "--names", f"client={FILES[1]}", *FILES], "one capture only"),
        (["-", *FILES], "standard input: byte 0: it is read more than once"),
        (["--reset", "1", "--ladder", FILES[0], *FILES], "--ladder: "),
        (["--reset", "1", "--ladder", "one", "-o", "one", *FILES], "a file each"),
        (["--reset", "1", "--json", *FILES], "as text"),
        (["-q", "-v", *FILES], "exclude each other"),
        (FILES[:1], "two captures"),
        (["-f", "no such filter", *FILES], "filter"),
        ([*FILES, "nothing.pcap"], "nothing.pcap"),
    ],
    ids=[
        "place",
        "name",
        "place-twice",
        "stdin",
        "ladder-input",
        "ladder-output",
        "one-as-json",
        "quiet-verbose",
        "one-capture",
        "filter",
        "no-file",
    ],
)
def test_wrong_usage_is_told_with_status_2(arguments, says, capfdbinary):
    assert run(["compare", *arguments]) == 2
    shown = capfdbinary.readouterr()
    assert shown.out == b""
    assert says in shown.err.decode()
    assert b"Traceback" not in shown.err


def test_fail_on_matches(capfdbinary):
    assert run(["compare", "-q", "--fail-on", "forged-reset", *FILES]) == 1
    assert run(["compare", "-q", "--fail-on", "port-closed", *FILES]) == 0
    assert capfdbinary.readouterr().err == b""


def test_a_capture_is_never_written_over():
    assert run(["compare", "-o", FILES[0], *FILES]) == 2
    assert Path(FILES[0]).stat().st_size > 1000
