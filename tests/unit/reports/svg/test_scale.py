from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from unit.reports.test_ladder import CONVERSATION, MS, S
from whyrst.fast.layout import Flag
from whyrst.reports.ladder import Fold, Step
from whyrst.reports.svg.scale import ROW, Scale


def at(*times):
    return [Step(n, time, 0, Flag.ACK, 1, 1) for n, time in enumerate(times, 1)]


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=40))
def test_every_segment_has_a_row_below_the_one_before(times):
    scale = Scale(at(*times), 50)
    assert all(below - above > ROW - 0.001 for above, below in pairwise(scale.rows))
    assert scale.rows[0] >= 50
    assert scale.bottom > scale.rows[-1]


@given(st.integers(0, 2**60), st.integers(0, 2**60))
def test_a_longer_pause_is_never_drawn_shorter(one, two):
    short, long = sorted((one, two))
    heights = [scale.rows[1] - scale.rows[0] for scale in (Scale(at(0, short), 0), Scale(at(0, long), 0))]
    assert heights[0] <= heights[1]


def test_hours_do_not_take_hours_to_scroll():
    day = Scale(at(0, 86400 * S), 0)
    assert day.rows[1] - day.rows[0] < 6 * ROW


def test_silences_lie_between_their_segments():
    scale = Scale(CONVERSATION, 0)
    assert sorted(scale.silences) == [5, 7]
    for place, (top, bottom) in scale.silences.items():
        assert scale.rows[place - 1] < top < bottom < scale.rows[place]


def test_times_between_rows_stand_between_them():
    scale = Scale(at(0, 10 * MS, 20 * MS), 0)
    first, second, third = scale.rows
    assert scale.height(5 * MS) == (first + second) / 2
    assert scale.height(10 * MS) == second
    assert second < scale.height(11 * MS) < third
    assert scale.height(-5) == first
    assert scale.height(30 * MS) > third


def test_a_clock_that_goes_back_does_not_turn_the_ladder():
    scale = Scale([*at(10 * MS, 5 * MS, 20 * MS), Fold(3, 0, 0, 1 * MS, 2 * MS)], 0)
    assert scale.rows == sorted(scale.rows)
    assert scale.height(15 * MS) > scale.rows[0]
