from __future__ import annotations

import random

from whyrst.fleet.questions.buckets import Buckets
from whyrst.fleet.questions.period import UNITS
from whyrst.fleet.questions.series import Series
from whyrst.fleet.questions.spikes import spikes, too_short

HOUR = UNITS["h"]
FIRST = 1000


def over(counts, *, step=HOUR, watched=None, points=("web",)):
    """The spikes of one series; None is an hour without a capture."""
    resets = {FIRST + place: number for place, number in enumerate(counts) if number}
    numbers = frozenset(FIRST + place for place, number in enumerate(counts) if number is not None)
    cut = Buckets(step, FIRST, FIRST + len(counts) - 1, watched or {"web": numbers})
    return spikes(("cause",), [Series(("port-closed",), resets, {}, frozenset(points))], cut)


def places(found):
    return [(one.first - FIRST, one.last - FIRST, one.peak) for one in found]


def test_a_spike_says_why():
    (spike,) = over([3, 5, 4, 4, 6, 4, 3, 5, 120])
    assert (spike.by, spike.key) == (("cause",), ("port-closed",))
    assert places([spike]) == [(8, 8, 120)]
    assert (spike.median, spike.deviation, spike.earlier, spike.usual) == (4, 1, 8, False)
    assert spike.limit == 4 + 5 * 2  # the root of the median is more than 1.4826 times the MAD


def test_where_there_was_nothing_ten_are_a_spike():
    assert places(over([0] * 8 + [9, 10])) == [(9, 9, 10)]


def test_what_scatters_as_chance_does_has_none():
    rng = random.Random(7)
    for mean in (0.2, 3, 40, 2000):
        chance = [sum(rng.random() < mean / 4000 for _ in range(4000)) for _ in range(60)]
        assert over(chance) == []


def test_what_always_scatters_more_has_none():
    assert over([0, 400, 30, 250, 10, 350, 90, 500, 20, 380, 5, 450]) == []


def test_earlier_spikes_do_not_hide_a_later_one():
    found = over([4, 4, 4, 4, 4, 4, 4, 4, 500, 4, 4, 900, 4, 4, 60])
    assert places(found) == [(8, 8, 500), (11, 11, 900), (14, 14, 60)]


def test_spikes_in_a_row_are_one():
    assert places(over([2] * 10 + [50, 80, 60, 2, 70])) == [(10, 12, 80), (14, 14, 70)]


def test_hours_without_a_capture_are_no_quiet_hours():
    assert over([100, None, None, None, None, None, None, None, None, 100]) == []
    assert places(over([100, *[0] * 8, 100])) == [(9, 9, 100)]
    steady = [100, None, 100, None, 100, 101, None, 99, 100, None, 100, 102]
    assert over([*steady, None, 110]) == []


def test_only_the_key_s_own_points_count():
    counts = [0] * 9 + [50]
    everywhere = frozenset(range(FIRST, FIRST + 10))
    late = {"web": everywhere, "db": frozenset({FIRST + 8, FIRST + 9})}
    assert over(counts, watched=late, points=("db",)) == []
    assert places(over(counts, watched=late, points=("db", "web"))) == [(9, 9, 50)]


def test_a_busy_hour_of_every_day_is_no_spike():
    day = [2] * 9 + [200] + [2] * 14
    found = over(day * 6)
    assert places(found) == [(9, 9, 200), (33, 33, 200), (57, 57, 200), (81, 81, 200)]  # until four days are known
    assert places(over([*day * 5, *[2] * 9, 900]))[-1] == (129, 129, 900)
    assert over([*day * 5, *[2] * 9, 900])[-1].usual


def test_weeks_have_no_time_of_day():
    assert places(over([3] * 9 + [40], step=UNITS["w"])) == [(9, 9, 40)]


def test_a_short_history_is_known():
    def cut(number):
        return Buckets(HOUR, 0, 20, {"a": frozenset(range(number)), "b": frozenset({0})})

    assert [too_short(cut(number)) for number in (1, 8, 9)] == [1, 8, None]
    assert over([1] * 7 + [500]) == []
