from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whyrst.resets.constants import NETWORK, ROUND, SERVER, nearest

TABLES = {"network": NETWORK, "server": SERVER, "round": ROUND}


def one(seconds, table):
    at = int(nearest(np.array([float(seconds)]), table)[0])
    return table[at].seconds if at >= 0 else None


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_constants_rise_and_each_fits_itself_exactly_and_a_little_late(table):
    values = [c.seconds for c in table]
    assert values == sorted(set(values))
    assert [one(v, table) for v in values] == values
    assert [one(v + min(v * 0.001, 0.9), table) for v in values] == values


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        (350, 350),
        (350.4, 350),
        (349.8, 350),
        (348, None),
        (352, 350),
        (358, None),
        (240.2, 240),
        (245, None),
        (45, None),
    ],
)
def test_a_silence_fits_a_device_within_its_timers_tick(seconds, found):
    assert one(seconds, NETWORK) == found


@pytest.mark.parametrize(
    ("seconds", "found"), [(5.002, 5), (4.9, None), (30.2, 30), (33, None), (0.1004, 0.1), (7, None)]
)
def test_a_timer_is_late_rather_than_early(seconds, found):
    assert one(seconds, ROUND) == found


@given(st.lists(st.floats(0, 1e6, allow_nan=False), max_size=20), st.sampled_from(sorted(TABLES)))
def test_what_fits_is_the_closest_constant(waits, name):
    table = TABLES[name]
    at = nearest(np.array(waits, dtype=np.float64), table)
    for wait, index in zip(waits, at.tolist(), strict=True):
        closest = min(table, key=lambda c: abs(c.seconds - wait))
        if index >= 0:
            assert abs(table[index].seconds - wait) == abs(closest.seconds - wait)
            assert abs(table[index].seconds - wait) <= max(1.0, table[index].seconds * 0.02)
        else:
            assert wait != closest.seconds
