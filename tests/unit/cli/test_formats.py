"""Formats and lists of connections, through the program."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import whyrst

EXAMPLE = Path(__file__).parents[3] / "examples" / "resets.pcap"


@cache
def verdicts():
    return list(whyrst.analyze(EXAMPLE).verdicts)


def analyze(*arguments, **how):
    command = [sys.executable, "-m", "whyrst.cli", "analyze", *map(str, arguments), str(EXAMPLE)]
    return subprocess.run(command, check=False, **({"capture_output": True} | how))


def frames(name, data):
    """Frames of the resets that a format tells of."""
    if name == "csv":
        return [int(row["frame"]) for row in csv.DictReader(io.StringIO(data.decode(), newline=""))]
    if name == "parquet":
        return pq.read_table(io.BytesIO(data))["frame"].to_pylist()
    lines = data.decode().splitlines()
    if name == "zeek":
        (names,) = (line.split("\t")[1:] for line in lines if line.startswith("#fields"))
        return [int(line.split("\t")[names.index("frame")]) for line in lines if not line.startswith("#")]
    return [(one.get("whyrst") or one["unmapped"]["whyrst"])["frame"] for one in map(json.loads, lines)]


@pytest.mark.parametrize("name", ["csv", "ecs", "ocsf", "parquet", "zeek"])
def test_every_reset_is_written_to_pipes_and_files(name, tmp_path):
    piped = analyze("--format", name)
    assert (piped.returncode, piped.stderr) == (0, b"")
    assert frames(name, piped.stdout) == [one.frame for one in verdicts()]
    path = tmp_path / "report"
    assert analyze("--format", name, "-o", path).returncode == 0
    assert path.read_bytes() == piped.stdout


@pytest.mark.parametrize("name", ["csv", "ecs", "ocsf", "parquet", "zeek"])
def test_nothing_is_written_of_what_is_no_capture(name, tmp_path):
    bad, out = tmp_path / "bad", tmp_path / "out"
    bad.write_bytes(b"no capture")
    command = [sys.executable, "-m", "whyrst.cli", "analyze", "--format", name, "-o", str(out), str(bad)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 2
    assert not out.exists()


def test_parquet_is_nothing_for_a_terminal():
    ours, theirs = pty.openpty()
    try:
        done = analyze("--format", "parquet", capture_output=False, stdout=theirs, stderr=subprocess.PIPE)
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 2
    assert b"name a file with -o" in done.stderr


def test_a_missing_library_is_named():
    program = (
        "from importlib import util; found = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'pyarrow' else found(name, *more)\n"
        "from whyrst.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "analyze", "--format", "parquet", str(EXAMPLE)]
    done = subprocess.run(command, check=False, capture_output=True)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"whyrst: --format parquet needs pyarrow: install whyrst[arrow]\n"


def test_json_goes_with_no_other_format():
    done = analyze("--json", "--format", "csv")
    assert done.returncode == 2
    assert b"--json means --format ndjson" in done.stderr


def test_only_listed_connections_are_shown(tmp_path):
    wanted = verdicts()[4].connection
    client, server = (end.rpartition(":") for end in (wanted.client, wanted.server))
    path = tmp_path / "conn.log"
    path.write_text(
        "#separator \\x09\n#fields\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\n"
        f"{client[0]}\t{client[2]}\t{server[0]}\t{server[2]}\ttcp\n"
    )
    expected = [one.frame for one in verdicts() if one.connection.community_id == wanted.community_id]
    for listing in (path, "-"):
        done = analyze("--connections", listing, "--json", input=f"{wanted.community_id}\n".encode())
        assert [json.loads(line)["frame"] for line in done.stdout.splitlines()] == expected
    text = analyze("--connections", path).stdout.decode()
    assert text.startswith(f"{len(expected)} TCP reset")


def test_conditions_are_those_of_the_listed_connections(tmp_path):
    path = tmp_path / "ids"
    path.write_text(next(one.connection.community_id for one in verdicts() if one.cause == "port-closed"))
    assert analyze("--connections", path, "--fail-on", "port-closed").returncode == 1
    assert analyze("--connections", path, "--fail-on", "idle-timeout").returncode == 0


def test_a_wrong_list_is_one_error(tmp_path):
    path = tmp_path / "conn.log"
    path.write_text("no log\n")
    done = analyze("--connections", path, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert f"{path}: line 1: neither a Zeek log line".encode() in done.stderr
    assert not (tmp_path / "out").exists()
    assert analyze("--connections", path, "-o", path).returncode == 2
    assert path.read_text() == "no log\n"
