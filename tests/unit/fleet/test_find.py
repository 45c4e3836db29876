from __future__ import annotations

import numpy as np
import pytest

from unit.fleet.archives import analyzed, case, cut, joined, table
from unit.traffic import HEADER, traffic
from whyrst.analysis import analyze
from whyrst.fast.tables import Log
from whyrst.fleet import find as module
from whyrst.fleet.archive import listed
from whyrst.fleet.find import find, found_before
from whyrst.fleet.lines import flows_of, lines
from whyrst.segments.read import BATCH


@pytest.fixture
def one(tmp_path):
    cut(case("server-restart"), tmp_path / "in", 1)
    return listed([str(tmp_path / "in")])[0]


def test_a_capture_is_accounted_for(one, tmp_path):
    found = find(one, str(tmp_path / "out"))
    report = analyze(one.path)
    assert found.resets == len(list(report.verdicts))
    assert found.quality == report.quality
    assert found.connections == report.quality.connections
    assert found_before(one, str(tmp_path / "out")) == found


def test_each_connection_is_a_line(one, tmp_path):
    found = find(one, str(tmp_path / "out"))
    got = lines(str(tmp_path / "out"), one.key)
    assert got.log.shape == (Log.COUNT, found.connections)
    assert got.log[Log.STREAM].tolist() == list(range(found.connections))
    assert got.wanted.any()
    assert not got.wanted.all()
    flow, wanted = flows_of(str(tmp_path / "out"), one.key)
    assert (flow == got.flow).all()
    assert (wanted == got.wanted).all()


def test_another_state_of_a_capture_is_not_trusted(one, tmp_path):
    out = str(tmp_path / "out")
    find(one, out)
    (changed,) = [type(one)(one.path, one.point, one.size, "other")]
    assert found_before(changed, out) is None
    (note,) = (tmp_path / "out").rglob("found.json")
    note.write_bytes(note.read_bytes()[:-20])
    assert found_before(one, out) is None
    assert find(one, out).resets > 0


def test_more_connections_than_the_log_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LINES", 2 * BATCH)
    (tmp_path / "in").mkdir()
    many = tmp_path / "in" / "many.pcap"
    with many.open("wb") as out:
        out.write(HEADER)
        traffic.mixed(out, 9_000)
    analyzed(tmp_path / "in", tmp_path / "out")
    (file,) = listed([str(tmp_path / "in")])
    got = lines(str(tmp_path / "out"), file.key)
    assert got.log[Log.STREAM].tolist() == list(range(got.log.shape[1]))
    assert got.log.shape[1] > 2 * BATCH
    assert (np.diff(got.log[Log.T_FIRST]) >= 0).all()
    assert table(tmp_path / "out", "verdicts", "in") == joined([str(many)])[0]
