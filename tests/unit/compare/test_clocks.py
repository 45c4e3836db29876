from __future__ import annotations

import numpy as np
import pytest

from whyrst.compare.clocks import Clock, Shared, chained, fit, nearness

MS = 1_000_000
HOUR = 3_600_000_000_000
START = 1_780_000_000_000_000_000


def shared(seconds, *, offset=0, ppm=0.0, delay=(5 * MS, 5 * MS), hops=1, count=400, seed=1):
    """Segments that two captures share, the first one nearer to the client; waits in queues only add."""
    chance = np.random.default_rng(seed)
    forth = np.arange(count) % 2 == 0
    left = START + np.sort(chance.integers(0, int(seconds * 1e9), count))
    way = np.where(forth, delay[0], -delay[1]) + np.where(forth, 1, -1) * chance.exponential(2 * MS, count).astype(int)
    true = left + way
    right = true + offset + ((true - START) * ppm * 1e-6).astype(np.int64)
    return Shared(np.zeros(count, np.int64), forth, left, right, np.where(forth, hops, -hops))


@pytest.mark.parametrize("offset", [0, -3 * HOUR, 7 * HOUR + 12345])
@pytest.mark.parametrize("ppm", [0.0, 40.0, -80.0])
def test_offset_and_drift_are_found_within_their_uncertainty(offset, ppm):
    found = shared(120, offset=offset, ppm=ppm)
    clock = fit(found, np.ones(400, dtype=np.int64))
    assert clock.uncertainty is not None
    assert clock.uncertainty < 7 * MS
    for time in (START + 1, START + 60_000_000_000, START + 119_000_000_000):
        other = time + offset + round((time - START) * ppm * 1e-6)
        assert abs(clock.common(other) - time) <= clock.uncertainty + 100_000


def test_no_effect_stands_before_its_cause():
    found = shared(60, offset=HOUR, ppm=25.0)
    clock = fit(found, np.ones(400, dtype=np.int64))
    common = np.array([clock.common(int(time)) for time in found.right])
    late = np.where(found.forth, common - found.left, found.left - common)
    assert late.min() >= -1000


def test_an_asymmetric_way_stays_within_the_uncertainty():
    clock = fit(shared(5, offset=HOUR, delay=(1 * MS, 9 * MS)), np.ones(400, dtype=np.int64))
    assert abs(clock.common(START + HOUR) - START) <= clock.uncertainty


def test_one_direction_bounds_one_side_only():
    found = shared(5, offset=HOUR)
    one = Shared(*(column[found.forth] for column in found))
    clock = fit(one, np.ones(len(one.left), dtype=np.int64))
    assert clock.known
    assert clock.uncertainty is None
    assert clock.common(START + HOUR) <= START


@pytest.mark.parametrize("by", [HOUR, -HOUR, 20 * MS])
def test_a_clock_that_was_set_ties_nothing(by):
    found = shared(5, offset=HOUR, delay=(MS, MS))
    later = found.right + by * (np.arange(len(found.right)) > len(found.right) // 2)
    assert fit(found._replace(right=later), np.ones(len(later), dtype=np.int64)) is None


def test_many_times_are_told_as_one_is():
    clock = Clock(offset=-HOUR, slope=5e-5, origin=START)
    times = START + np.arange(0, HOUR, HOUR // 7)
    assert clock.all_common(times).tolist() == [clock.common(time) for time in times.tolist()]
    assert clock.all_own(times).tolist() == [clock.own(time) for time in times.tolist()]


def test_nothing_shared_ties_no_clock():
    found = Shared(*(column[:0] for column in shared(5)))
    assert fit(found, np.zeros(0, dtype=np.int64)) is None


def test_hops_tell_who_is_nearer_to_the_client():
    assert nearness(shared(5), np.ones(1, dtype=np.int64))[1] == 1
    assert nearness(shared(5, hops=-2), np.ones(1, dtype=np.int64))[1] == -1


def test_without_hops_between_time_tells_who_is_nearer():
    found = shared(5, offset=HOUR, hops=0)
    single, total = nearness(found, np.ones(1, dtype=np.int64))
    assert (single[0], total) == (0, 1)
    turned = found._replace(left=found.right, right=found.left)
    assert nearness(turned, np.ones(1, dtype=np.int64))[1] == -1


def test_own_undoes_common():
    clock = Clock(offset=-HOUR, slope=5e-5, origin=START)
    for time in (START, START + HOUR):
        assert abs(clock.own(clock.common(time)) - time) <= 10_000


def test_clocks_are_chained_along_the_best_known_pairs():
    pairs = {
        (0, 1): Clock(offset=1000, uncertainty=10),
        (1, 2): Clock(offset=500, uncertainty=10),
        (0, 2): Clock(offset=9999, uncertainty=4000),
    }
    clocks = chained(pairs, 4)
    assert [clock.common(0) for clock in clocks[:3]] == [0, 1000, 1500]
    assert [clock.uncertainty for clock in clocks] == [0, 10, 20, None]
    assert [clock.known for clock in clocks] == [True, True, True, False]
