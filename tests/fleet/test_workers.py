"""One archive, four ways to work: the tables are equal to the byte."""

from __future__ import annotations

import os
import signal

import pytest

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


def test_no_scheduler_is_one_line(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with pytest.raises(WorkersError, match="cannot be reached") as caught, workers("tcp://127.0.0.1:1", None):
        pass
    assert "\n" not in str(caught.value)
