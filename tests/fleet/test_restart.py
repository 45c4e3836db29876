"""A run that ends at any moment goes on in the next one, and the result is that of an unbroken run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from unit.fleet.archives import analyzed, case, cut, joined, table, tables
from whyrst.fleet.store import StoreError, locked

KILLED = """
import os, signal, sys
from whyrst.fleet.archive import listed
from whyrst.fleet.plan import run
from whyrst.fleet.workers import Serial

left, real = int(sys.argv[3]), os.replace

def replace(made, target):
    global left
    left -= 1
    if left == 0 and sys.argv[4] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(made, target)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

os.replace = replace
run(listed([sys.argv[1]]), sys.argv[2], Serial())
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    cut(case("keep-alive-race"), folder / "in" / "a", 2)
    cut(case("port-closed"), folder / "in" / "b", 2)
    analyzed(folder / "in", folder / "out")
    return folder / "in", tables(folder / "out")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("replaced", [1, 2, 4, 7, 9, 10, 11, 14, 18, 19, 20, 21, 22, 24, 26])
def test_killed_anywhere_it_goes_on(small, tmp_path, replaced, when):
    source, expected = small
    command = [sys.executable, "-c", KILLED, str(source), str(tmp_path), str(replaced), when]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    analyzed(source, tmp_path)
    assert tables(tmp_path) == expected
    assert not list(tmp_path.rglob(".new-*"))


def _stamps(out):
    return {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != "lock"}


def test_a_second_run_does_nothing(small, tmp_path):
    analyzed(small[0], tmp_path)
    before = _stamps(tmp_path)
    analyzed(small[0], tmp_path)
    assert _stamps(tmp_path) == before


def test_a_new_capture_changes_its_point_and_day_only(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    cut(case("port-closed"), source / "a", 2)
    parts = cut(case("keep-alive-race"), source / "b", 2)
    other = cut(case("lab-curl-timeout"), source / "later", 1)[0]
    analyzed(source, out)
    before = _stamps(out / "verdicts")
    new = str(source / "b" / "new.pcap")
    Path(other).rename(new)
    analyzed(source, out)
    after = _stamps(out / "verdicts")
    assert {path for path in before if after.get(path) != before[path]} == set()
    assert [path for path in after if path not in before and "point=b" in path.parts]
    assert table(out, "verdicts", "b") == joined([*parts, new])[0]


def test_a_capture_that_grew_replaces_its_results(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    (path,) = cut(case("keep-alive-race"), source, 1, kinds=("",))
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: len(whole) * 2 // 3])
    analyzed(source, out)
    fewer = table(out, "verdicts", "in")
    Path(path).write_bytes(whole)
    summary = analyzed(source, out)
    assert table(out, "verdicts", "in") == joined([path])[0]
    assert len(fewer) < summary.resets


def test_two_runs_do_not_write_at_once(small, tmp_path):
    with locked(str(tmp_path)), pytest.raises(StoreError, match="another run"):
        analyzed(small[0], tmp_path)


FULL = """
mount -t tmpfs -o size=256k none "$1"
"$2" -m whyrst.cli fleet analyze "$3" -o "$1/out"
echo status $?
mount -o remount,size=64m "$1"
"$2" -m whyrst.cli fleet analyze "$3" -o "$1/out" --json
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_a_full_disk_is_one_line_and_the_next_run_goes_on(tmp_path):
    full, source = tmp_path / "full", tmp_path / "in"
    full.mkdir()
    for number in range(4):
        cut(case("keep-alive-race"), source / f"tap{number}", 5)
    words = ("unshare", "--mount", "sh", "-c", FULL, "sh", full, sys.executable, source)
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == f"whyrst: {full}/out: No space left on device; the next run goes on from here\n"
    status, summary = done.stdout.splitlines()
    assert status == "status 2"
    assert json.loads(summary)["resets"] == 4 * len(joined(sorted(map(str, (source / "tap0").iterdir())))[0])


def test_other_capture_points_take_the_place_of_those_before(tmp_path):
    """With another depth of folders every capture belongs to another point; nothing is counted at both."""
    source, out = tmp_path / "in", tmp_path / "out"
    parts = cut(case("keep-alive-race"), source / "tap" / "1", 2)
    parts += cut(case("port-closed"), source / "tap" / "2", 1)
    cut(case("port-closed"), source / "other", 1)
    analyzed(source, out)
    other = {name: made for name, made in tables(out).items() if "point=other" in name}
    summary = analyzed(source, out, depth=1)
    assert summary.points == 2
    assert {name.split("/")[2] for name in tables(out)} == {"point=tap", "point=other"}
    assert table(out, "verdicts", "tap") == joined(parts)[0]
    assert other.items() <= tables(out).items()
    analyzed(source, out)
    assert {name.split("/")[2] for name in tables(out)} == {"point=tap%2F1", "point=tap%2F2", "point=other"}


def test_an_archive_named_another_way_is_the_same(tmp_path, monkeypatch):
    cut(case("keep-alive-race"), tmp_path / "in" / "a", 3)
    monkeypatch.chdir(tmp_path)
    analyzed("in", "out")
    before = tables("out")
    analyzed(tmp_path / "in", "out")
    assert tables("out") == before
