from __future__ import annotations

from collections import Counter
from importlib import import_module, util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

MODULES = ["whyrst.fast.lookup"]
if util.find_spec("whyrst.fast.compiled.lookup") is not None:
    MODULES.append("whyrst.fast.compiled.lookup")

NUMBERS = st.lists(st.one_of(st.integers(-3, 3), st.integers(-(1 << 63), (1 << 63) - 1)), max_size=40)
SALTS = st.integers(0, (1 << 63) - 1).map(lambda number: 2 * number + 1)


def cells(numbers):
    return np.array(numbers, dtype=np.int64).data


def table(numbers):
    return np.full(1 << max(2 * len(numbers) - 1, 1).bit_length(), -1)


@pytest.mark.parametrize("module", MODULES)
@given(values=NUMBERS, wanted=NUMBERS, salt=SALTS)
def test_the_first_position_is_found(module, values, wanted, salt):
    loop, places = import_module(module), table(values)
    loop.enter(cells(values), places.data, salt)
    found = np.full(len(wanted), -9)
    loop.find(cells(wanted), cells(values), places.data, salt, found.data)
    assert found.tolist() == [values.index(one) if one in values else -1 for one in wanted]


@pytest.mark.parametrize("module", MODULES)
@given(one=NUMBERS, two=NUMBERS, salt=SALTS)
def test_what_stands_once_in_each_is_matched(module, one, two, salt):
    found = np.full(len(one), -1)
    import_module(module).match(cells(one), cells(two), table(one).data, salt, found.data)
    here, there = Counter(one), Counter(two)
    for k, value in enumerate(one):
        assert (found[k] >= 0) == (here[value] == there[value] == 1)
        assert found[k] < 0 or two[found[k]] == value


@pytest.mark.parametrize("module", MODULES)
def test_values_that_all_want_one_place_are_found(module):
    loop = import_module(module)
    values = [k << 40 for k in range(-20, 20)]  # with this salt only their lower bits choose
    places, found = table(values), np.full(len(values), -9)
    loop.enter(cells(values), places.data, 1)
    loop.find(cells(values), cells(values), places.data, 1, found.data)
    assert found.tolist() == list(range(len(values)))
