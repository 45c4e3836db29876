from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from whyrst.resets.timeline import Keys, Timeline

START = 1_780_000_000_000_000_000
STEP = 1_000
"""Times are compared in microseconds; the tests stay on that grid."""

ticks = st.integers(0, 60)
events = st.lists(st.tuples(st.integers(-2, 3), ticks), max_size=30)
asked = st.lists(st.tuples(st.integers(-3, 4), ticks, ticks), min_size=1, max_size=12)


def column(values):
    return np.array(values, dtype=np.int64)


def timeline(happened):
    keys = Keys(column([k for k, _ in happened]), START)
    return keys, Timeline(keys, keys.rank, column([START + t * STEP for _, t in happened]))


@given(events, asked)
def test_count_after_and_before_agree_with_looking_at_every_event(happened, questions):
    keys, line = timeline(happened)
    rank = keys.find(column([k for k, _, _ in questions]))
    first = column([START + min(a, b) * STEP for _, a, b in questions])
    last = column([START + max(a, b) * STEP for _, a, b in questions])
    counts, after, before = line.count(rank, first, last), line.after(rank, first), line.before(rank, first)
    for i, (key, a, b) in enumerate(questions):
        mine = sorted(t for k, t in happened if k == key)
        low, high = min(a, b), max(a, b)
        assert counts[i] == sum(low <= t <= high for t in mine)
        assert after[i] == min(((t - low) * STEP for t in mine if t > low), default=-1)
        assert before[i] == min(((low - t) * STEP for t in mine if t < low), default=-1)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20), st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_keys_are_found_again_and_strangers_are_not(known, wanted):
    keys = Keys(column(known), START)
    for key, rank in zip(wanted, keys.find(column(wanted)).tolist(), strict=True):
        assert rank == (-1 if key not in known else sorted(set(known)).index(key))


@given(st.integers(100, 10_000_000), st.integers(4, 9), st.data())
def test_a_rhythm_is_found_from_every_beat(period, beats, data):
    noise = [data.draw(st.integers(-period // 50, period // 50)) for _ in range(beats)]
    happened = [(7, i * period + n + period) for i, n in enumerate(noise)]
    keys, line = timeline(happened)
    found = line.period(keys.rank, column([START + t * STEP for _, t in happened]))
    assert (abs(found / STEP - period) <= period * 0.05).all()


def test_three_beats_or_uneven_ones_are_no_rhythm():
    for times in ([0, 10, 20], [0, 10, 30, 35, 90, 91], [0, 100, 200, 350, 450]):
        keys, line = timeline([(1, t) for t in times])
        assert line.period(keys.rank, column([START + t * STEP for t in times])).tolist() == [0] * len(times)


def test_the_beats_of_another_key_do_not_help():
    keys, line = timeline([(k, t) for k, t in zip([1, 2, 1, 2, 1, 2], range(0, 600, 100), strict=True)])
    assert not line.period(keys.rank, column([START] * 6)).any()


def test_times_before_the_start_and_far_beyond_stay_within_the_bits():
    _, line = timeline([(1, 0), (2, 5)])
    rank = column([0, 1, 0, -1])
    counts = line.count(rank, column([0] * 4), column([2**62] * 4))
    assert counts.tolist() == [1, 1, 1, 0]


def test_no_events_at_all_answer_everything_with_nothing():
    keys, line = timeline([])
    rank = keys.find(column([1, 2]))
    times = column([START, START])
    assert rank.tolist() == [-1, -1]
    assert line.count(rank, times, times).tolist() == [0, 0]
    assert line.after(rank, times).tolist() == line.before(rank, times).tolist() == [-1, -1]
    assert line.period(rank, times).tolist() == [0, 0]
