from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from whyrst.reports.source import HARMS
from whyrst.reports.timeline import COLUMNS, FINEST, Timeline


class Batch:
    def __init__(self, times, harms):
        self.time, self.harm = np.array(times, dtype=np.int64), np.array(harms, dtype=np.int8)


def test_each_reset_is_counted_in_its_column():
    line = Timeline()
    line.add(Batch([5, FINEST, FINEST + 1], [3, 1, 1]))
    line.add(Batch([FINEST * 2 - 1], [0]))
    assert line.width == FINEST
    assert {at: counts.tolist() for at, counts in line.columns.items()} == {0: [0, 0, 0, 1, 0], 1: [1, 2, 0, 0, 0]}


def test_columns_widen_until_they_are_few():
    line = Timeline()
    for at in range(1000):
        line.add(Batch([at * FINEST], [at % len(HARMS)]))
    assert line.width == 16 * FINEST
    assert sum(int(counts.sum()) for counts in line.columns.values()) == 1000
    assert max(line.columns) == 999 // 16


@given(st.lists(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(0, 4)), max_size=20), max_size=10))
def test_no_capture_makes_it_grow(batches):
    line = Timeline()
    for batch in batches:
        line.add(Batch([time for time, _ in batch], [harm for _, harm in batch]))
    assert sum(int(counts.sum()) for counts in line.columns.values()) == sum(map(len, batches))
    assert not line.columns or max(line.columns) - min(line.columns) < COLUMNS
