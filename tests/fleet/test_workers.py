"""One archive, four ways to work: the tables are equal to the byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.running import until
from unit.fleet.archives import analyzed, tables
from whyrst.fleet import workers as module
from whyrst.fleet.archive import listed
from whyrst.fleet.plan import run
from whyrst.fleet.workers import WorkersError, workers

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50, host="127.0.0.1"
    ) as started:
        yield started


def test_processes_make_the_same_tables(archive, expected, tmp_path):
    with workers(None, 2) as by:
        analyzed(archive, tmp_path, by)
    assert tables(tmp_path) == expected


def test_a_dask_scheduler_makes_the_same_tables(archive, expected, tmp_path, cluster):
    with workers(cluster.scheduler_address, None) as by:
        analyzed(archive, tmp_path, by)
    assert tables(tmp_path) == expected


def test_a_killed_worker_makes_no_difference(archive, expected, tmp_path, cluster):
    with distributed.Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
    assert len(pids) == 2
    victims = pids[:1]

    def kill(done, total):
        if victims and done > 0:
            assert done < total
            os.kill(victims.pop(), signal.SIGKILL)

    with workers(cluster.scheduler_address, None) as by:
        run(listed([str(archive)]), str(tmp_path), by, kill)
    assert not victims
    assert tables(tmp_path) == expected


WORKING = """
import os, signal, sys
from whyrst.fleet.workers import workers

with workers(None, 2) as by:
    for pid in by.each(os.getpid, [()] * 8):
        print(pid, flush=True)
    sys.stdin.read()
"""


def test_workers_end_with_a_program_that_was_killed():
    command = (sys.executable, "-c", WORKING)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        pids = {int(process.stdout.readline()) for _ in range(8)}
        process.kill()
    assert pids
    until(lambda: not any(alive(pid) for pid in pids))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_processes_that_cannot_be_started_are_one_line(monkeypatch):
    monkeypatch.setattr("concurrent.futures.process.ProcessPoolExecutor.submit", refuse)
    with workers(None, 2) as by, pytest.raises(WorkersError, match="cannot be started here"):
        list(by.each(os.getpid, [()]))


def refuse(*_):
    raise BrokenPipeError


def test_no_scheduler_is_one_line(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with pytest.raises(WorkersError, match="cannot be reached") as caught, workers("tcp://127.0.0.1:1", None):
        pass
    assert "\n" not in str(caught.value)
