from __future__ import annotations

import random

import numpy as np

from whyrst.compare.lookup import Lookup, common


def test_values_that_stand_once_on_both_sides_are_common():
    chance = random.Random(3)
    one = np.array([chance.randrange(60) for _ in range(80)])
    two = np.array([chance.randrange(60) for _ in range(80)])
    i, j = common(one, two)
    expected = {v for v in range(60) if list(one).count(v) == 1 and list(two).count(v) == 1}
    assert one[i].tolist() == sorted(expected)
    assert (one[i] == two[j]).all()


def test_no_values_have_nothing_in_common():
    empty = np.zeros(0, dtype=np.int64)
    for one, two in ((empty, empty), (empty, np.arange(3)), (np.arange(3), empty)):
        assert len(common(one, two)[0]) == 0


def test_values_are_found_where_they_stand_first():
    values = np.array([5, -7, 5, 1 << 62])
    assert Lookup(values).first(np.array([1 << 62, 5, 6, -7])).tolist() == [3, 0, -1, 1]
    assert Lookup(values[::2]).holds(np.array([5, -7])).tolist() == [True, False]
    assert not Lookup(values[:0]).holds(values).any()
