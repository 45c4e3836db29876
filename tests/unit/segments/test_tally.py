from __future__ import annotations

from whyrst.fast.layout import Skip
from whyrst.segments.tally import Tally


def test_reasons_that_did_not_occur_are_left_out():
    tally = Tally(read=5, decoded=2)
    assert not tally.adds_up
    tally.skips[Skip.NOT_TCP] = 3
    assert tally.skipped == {Skip.NOT_TCP: 3}
    assert tally.adds_up


def test_tallies_add():
    one, two = Tally(read=2, decoded=1), Tally(read=3, decoded=3)
    one.skips[Skip.CUT] = 1
    both = one + two
    assert (both.read, both.decoded, both.skipped, both.adds_up) == (5, 4, {Skip.CUT: 1}, True)
    assert two.skipped == {}
