from __future__ import annotations

import resource

import numpy as np
import pytest

from unit.fleet.archives import analyzed, case, cut, joined, table
from whyrst.fast.layout import Seg
from whyrst.fleet import keep as keeping
from whyrst.fleet.archive import listed
from whyrst.fleet.find import found_before
from whyrst.fleet.merge import CAPTURE, ORDER, OTHERS, clusters, merged
from whyrst.segments.read import read


class Span:
    def __init__(self, first, last):
        self.first, self.last = first, last


def test_files_that_overlap_are_one_cluster():
    spans = [Span(0, 9), Span(10, 20), Span(19, 30), Span(25, 26), Span(30, 31), Span(40, 50)]
    assert clusters(spans) == [[0], [1, 2, 3, 4], [5]]
    assert clusters([]) == []


def rows_of(path):
    return np.concatenate([batch.rows.copy() for series in read([path]) for batch in series])


@pytest.mark.parametrize("group", [3, 1 << 16])
def test_kept_segments_come_back_in_order_and_once(tmp_path, monkeypatch, group):
    monkeypatch.setattr(keeping, "ROWS", group)
    data = case("close-with-unread-data")
    whole = cut(data, tmp_path / "whole", 1, kinds=("",))
    for copy in range(2):  # the same packets in two files and in one that was cut into four
        cut(data, tmp_path / "in" / f"{copy}", 4 if copy else 1)
    (tmp_path / "in" / "0" / "capture-000.pcap").rename(tmp_path / "in" / "1" / "all.pcap")
    analyzed(tmp_path / "in", tmp_path / "out")
    files = listed([str(tmp_path / "in")])
    assert len(files) == 5
    found = [(found_before(one, str(tmp_path / "out")), one.key) for one in files]
    found.sort(key=lambda one: (one[0].first, one[0].name))
    (cluster,) = clusters([one for one, _ in found])
    chunks = list(merged(str(tmp_path / "out"), [(k, found[k][1], found[k][0].first) for k in cluster]))
    cells = np.concatenate([one.cells for one in chunks])
    expected = rows_of(whole[0])
    cellwise = [cell for cell in keeping.CELLS if cell is not Seg.FRAME]
    assert (cells[:, cellwise] == expected[:, cellwise]).all()
    assert (np.diff(cells[:, ORDER]) >= 0).all()
    assert set(cells[:, CAPTURE].tolist()) == {0}
    assert not cells[:, OTHERS].any()


@pytest.fixture
def few_files():
    """As few open files as systems allow that allow few."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_files")
def test_more_files_of_one_time_than_may_be_open(tmp_path):
    data = case("close-with-unread-data")
    for copy in range(80):
        cut(data, tmp_path / "in" / "tap" / f"{copy}", 1, kinds=("",))
    summary = analyzed(tmp_path / "in", tmp_path / "out", depth=1)
    assert (summary.captures, summary.unreadable) == (80, ())
    assert table(tmp_path / "out", "verdicts", "tap") == joined([str(tmp_path / "in/tap/0/capture-000.pcap")])[0]
