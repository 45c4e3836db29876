from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unit.fleet.archives import CASES
from whyrst.connections.tracker import Tracker
from whyrst.fast.layout import Seg
from whyrst.fast.tables import Glob
from whyrst.fleet import flows
from whyrst.segments.read import read


def test_segments_and_lines_have_the_same_flows():
    tracker, seen = Tracker(), set()
    for series in read([str(CASES / "server-restart" / "capture.pcap")]):
        for batch in series:
            seen |= set(flows.of_segments(batch.rows).tolist())
            list(tracker.feed(batch.rows, len(batch.rows), batch.buffer))
    tracker.sync()
    log = tracker.log[:, : int(tracker.g[Glob.LINES])]
    assert set(flows.of_lines(log).tolist()) == seen
    assert len(seen) > 3


def test_both_directions_are_one_flow():
    row = np.arange(2 * Seg.COUNT).reshape(2, Seg.COUNT)
    back = [Seg.DST_HI, Seg.DST_LO, Seg.DPORT, Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT]
    row[1, [Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT, Seg.DST_HI, Seg.DST_LO, Seg.DPORT]] = row[0, back]
    a, b = flows.of_segments(row)
    assert a == b
    row[1, Seg.DPORT] += 1
    a, b = flows.of_segments(row)
    assert a != b


NUMBERS = st.lists(st.integers(-5, 5), max_size=8).map(lambda some: np.array(some, dtype=np.int64))


@given(many=st.lists(NUMBERS, max_size=4))
def test_repeated_is_in_more_than_one(many):
    every = {value for one in many for value in one.tolist()}
    expected = sorted(value for value in every if sum(value in one for one in many) > 1)
    assert flows.repeated(many).tolist() == expected


@given(values=NUMBERS, others=NUMBERS)
def test_among(values, others):
    assert flows.among(values, np.unique(others)).tolist() == [value in others.tolist() for value in values.tolist()]
