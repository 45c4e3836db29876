from __future__ import annotations

import pytest

from whyrst.agent.backoff import FIRST, LAST, LONGEST_WISH, Backoff


def test_times_grow_to_a_limit_and_are_drawn():
    several = [[backoff.next() for _ in range(12)] for backoff in (Backoff() for _ in range(20))]
    for times in several:
        most = FIRST
        for time in times:
            assert most / 2 <= time <= most
            most = min(2 * most, LAST)
        assert most == LAST
    assert len({times[0] for times in several}) > 1


def test_after_a_success_it_begins_anew():
    backoff = Backoff()
    for _ in range(10):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= FIRST


@pytest.mark.parametrize(("wish", "least"), [(10, 10), (1e12, LONGEST_WISH), (0.25, 0.25), (-5, 0)])
def test_a_wish_is_never_undercut_and_has_a_limit(wish, least):
    assert least <= Backoff().next(wish) <= least + FIRST
