"""The program as a user runs it, on the golden cases."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from whyrst.causes import all_causes
from whyrst.cli.status import run
from whyrst.schema import json_schema

VALIDATOR = jsonschema.Draft202012Validator
CASES = Path(__file__).resolve().parents[2] / "cases"
REFUSED = CASES / "port-closed" / "capture.pcap"
UNREAD = CASES / "close-with-unread-data" / "capture.pcap"
QUIET = CASES / "no-reset" / "capture.pcap"
FOLDERS = sorted(path.parent.name for path in CASES.glob("*/capture.pcap"))


def whyrst(*arguments, stdin: bytes | None = None, **environment) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "whyrst.cli", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


@pytest.fixture
def shown(capfdbinary):
    """Runs a command line in this process, which must succeed, and gives what it printed."""

    def ran(*arguments: str) -> bytes:
        assert run([str(one) for one in arguments]) == 0
        out, err = capfdbinary.readouterr()
        assert err == b""
        return out

    return ran


def widest(text: bytes) -> int:
    return max([len(line) for line in text.decode().splitlines()], default=0)


@pytest.mark.parametrize("options", [["--json"], ["-v"], ["-q"]])
def test_threads_of_a_pipe_print_the_same(options):
    content = UNREAD.read_bytes()
    alone, three = (whyrst("analyze", *options, "-j", jobs, "-", stdin=content) for jobs in ("1", "3"))
    assert alone.stdout
    assert (alone.returncode, alone.stdout) == (three.returncode, three.stdout)


def test_no_thread_at_all_is_refused():
    told = whyrst("analyze", "-j", "0", str(REFUSED))
    assert told.returncode == 2
    assert b"--jobs" in told.stderr


@pytest.mark.parametrize("case", FOLDERS)
def test_every_case_in_every_format(case, shown):
    capture = CASES / case / "capture.pcap"
    expected = [one["frame"] for one in json.loads((CASES / case / "expect.json").read_text())]
    verdicts = [json.loads(line) for line in shown("analyze", "--json", capture).splitlines()]
    assert [one["frame"] for one in verdicts] == expected
    for one in verdicts:
        jsonschema.validate(one, json_schema(), VALIDATOR)
    document = json.loads(shown("analyze", "--format", "json", capture))
    jsonschema.validate(document, json_schema() | {"$ref": "#/$defs/Summary"}, VALIDATOR)
    assert [one["frame"] for one in document["verdicts"]] == expected
    quality = document["quality"]
    assert quality["packets"] == quality["segments"] + sum(quality["skipped"].values())
    assert len(shown("analyze", "-q", capture).splitlines()) == len(expected)
    for options in (["-q"], [], ["-vv"]):
        assert widest(shown("analyze", *options, capture)) <= 80
    for number, frame in enumerate(expected[:2], 1):
        text = shown("show", capture, "--reset", number, "-v")
        assert text == shown("show", capture, "--frame", frame, "-v")
        assert widest(text) <= 80
        assert f"{frame}  " in text.decode().partition("LADDER")[2]
        picture = ET.fromstring(shown("show", capture, "--reset", number, "--format", "svg"))
        assert next(one.text for one in picture.iter() if "judged" in one.get("class", "")) == str(frame)


def test_no_resets():
    shown = whyrst("analyze", "--fail-on", "any", QUIET)
    assert shown.returncode == 0
    assert shown.stdout.startswith(b"No TCP resets in ")


def test_standard_input():
    shown = whyrst("analyze", "--json", "-", stdin=REFUSED.read_bytes())
    assert shown.returncode == 0
    assert shown.stdout.count(b"\n") == len(json.loads((REFUSED.parent / "expect.json").read_text()))


def test_fail_on():
    assert whyrst("analyze", "--fail-on", "harmful", REFUSED).returncode == 1
    assert whyrst("analyze", "--fail-on", "port-closed", REFUSED).returncode == 1
    assert whyrst("analyze", "--fail-on", "linger-zero", REFUSED).returncode == 0


def test_a_cut_capture_is_analysed_and_the_damage_told(tmp_path):
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(UNREAD.read_bytes()[:-7])
    shown = whyrst("analyze", cut)
    assert shown.returncode == 3
    assert b"DAMAGED" in shown.stdout
    assert shown.stderr.count(b"\n") == 1
    assert shown.stderr.startswith(f"whyrst: warning: {cut}: byte ".encode())


@pytest.mark.parametrize("content", [b"", b"hello, I am a text\n" * 9, gzip.compress(b"no capture either", mtime=0)])
def test_what_is_no_capture(tmp_path, content):
    other = tmp_path / "other.txt"
    other.write_bytes(content)
    for command in ("analyze", "show"):
        shown = whyrst(command, other)
        assert (shown.returncode, shown.stdout) == (2, b"")
        assert shown.stderr.startswith(f"whyrst: {other}: byte ".encode())
        assert shown.stderr.count(b"\n") == 1


def test_files_that_cannot_be_read(tmp_path):
    for name in (tmp_path, tmp_path / "missing.pcap"):
        shown = whyrst("analyze", name)
        assert (shown.returncode, shown.stdout) == (2, b"")
        assert shown.stderr.startswith(f"whyrst: {name}: ".encode())
        assert shown.stderr.count(b"\n") == 1


def test_a_name_cannot_reach_the_terminal(tmp_path):
    evil = tmp_path / "a\x1b[2J.pcap"
    evil.write_bytes(REFUSED.read_bytes())
    assert b"\x1b" not in whyrst("analyze", evil).stdout
    assert b"\x1b" not in whyrst("analyze", tmp_path / "b\x1b[2J.pcap").stderr


@pytest.mark.parametrize("command", ["analyze", "analyze --json", "analyze --format json", "analyze -q", "show"])
def test_a_reader_that_goes_away_is_no_error(command):
    script = f"{sys.executable} -m whyrst.cli {command} {REFUSED}; echo status $? >&2"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b"status 141\n"


def test_explain():
    listed = whyrst("explain").stdout.decode()
    assert max(len(line) for line in listed.splitlines()) <= 80
    for name in ("port-closed", "TCP_ABORT_ON_CLOSE", "TCPAbortOnData", "RFC 2525"):
        shown = whyrst("explain", *name.split())
        assert shown.returncode == 0, name
        assert shown.stdout.strip()
    missed = whyrst("explain", "port-close")
    assert missed.returncode == 2
    assert missed.stderr.count(b"\n") == 1
    assert b"did you mean port-closed" in missed.stderr


def test_every_manual_fits(shown):
    for name in all_causes():
        assert 0 < widest(shown("explain", name)) <= 80


def test_ctrl_c_ends_standard_input_and_the_report_follows():
    command = [sys.executable, "-m", "whyrst.cli", "analyze", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        process.stdin.write(REFUSED.read_bytes())
        process.stdin.flush()
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        assert b"in standard input" in out
        assert process.stderr.read() == b""
        assert process.wait(10) == 130


def test_ctrl_c_on_a_file_that_does_not_come(tmp_path):
    pipe = tmp_path / "pipe.pcap"
    os.mkfifo(pipe)
    with subprocess.Popen([sys.executable, "-m", "whyrst.cli", "analyze", pipe], stderr=subprocess.PIPE) as process:
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read().strip() == b""
