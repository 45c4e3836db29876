from __future__ import annotations

import numpy as np
import pytest

from unit.fleet.archives import analyzed, case, cut
from whyrst.fleet import keep
from whyrst.fleet.archive import listed
from whyrst.fleet.lines import flows_of


@pytest.fixture
def archive(tmp_path):
    cut(case("server-restart"), tmp_path / "in", 3)
    analyzed(tmp_path / "in", tmp_path / "out")
    return listed([str(tmp_path / "in")]), str(tmp_path / "out")


def test_flows_with_a_reset_and_those_in_several_files(archive):
    files, out = archive
    seen = [flows_of(out, one.key) for one in files]
    counts = np.unique(np.concatenate([np.unique(flow) for flow, _ in seen]), return_counts=True)
    expected = {*counts[0][counts[1] > 1].tolist(), *(f for flow, wanted in seen for f in flow[wanted].tolist())}
    keep.choose("point", [one.key for one in files], "inputs", out)
    chosen = np.load(keep.wanted_path(out, "point"))
    assert chosen.tolist() == sorted(expected)
    assert 0 < len(expected) < len(counts[0])


@pytest.mark.parametrize("at_once", [1, 3, 10])
def test_some_flows_at_a_time_are_the_same(archive, monkeypatch, at_once):
    files, out = archive
    keys = [one.key for one in files]
    whole = keep.choose("point", keys, "inputs", out)
    monkeypatch.setattr(keep, "AT_ONCE", at_once)
    assert keep.choose("point", keys, "inputs", out) == whole


def test_what_was_kept_is_not_read_again(archive):
    files, out = archive
    before = keep.kept_before(files[0].key, out)
    assert before.segments > 0
    choice = keep.choose("point", [one.key for one in files], "inputs", out)
    gone = type(files[0])(files[0].path, files[0].point, files[0].size, files[0].stamp)
    for one in files:
        open(one.path, "wb").close()  # noqa: PTH123 - nothing is left to read
    assert keep.keep(gone, "point", choice.chosen, out) == before


def test_a_capture_that_cannot_be_read_again_is_told(archive):
    files, out = archive
    keys = [one.key for one in files]
    choice = keep.choose("point", keys, "inputs", out)
    open(files[0].path, "wb").close()  # noqa: PTH123 - nothing is left to read
    changed = type(files[0])(files[0].path, files[0].point, 0, "another state")
    kept = keep.keep(changed, "point", choice.chosen, out)
    assert kept.lost == "the file is empty"
    assert kept.segments == 0
