from __future__ import annotations

import pytest

from whyrst.kernel.tracer import Shape
from whyrst.trace.counts import OTHER, PROCESSES, Counts, Frequent


def shape(kind="sent", reason="NO_SOCKET", flags=2):
    return Shape(kind, reason, "UNKNOWN", flags, False, False, False, False, 1)


REFUSED, OTHER_SHAPE = shape(), shape(flags=16)


def judged(counts, one, cause, times=1, process="nginx", kind="sent"):
    for _ in range(times):
        counts.deliver(one)
        counts.judge(one, counts.outcome(cause, "passive", kind, process))


def test_what_was_handed_over_is_counted_as_it_was_judged():
    counts = Counts()
    judged(counts, REFUSED, "port-closed", 3)
    judged(counts, OTHER_SHAPE, "connection-gone")
    assert counts.by("cause") == [("port-closed", 3, False), ("connection-gone", 1, False)]
    assert counts.unjudged == 0


def test_what_was_not_handed_over_has_the_cause_of_its_shape():
    counts = Counts()
    judged(counts, REFUSED, "port-closed", 10)
    judged(counts, OTHER_SHAPE, "connection-gone", 2)
    for _ in range(2):
        counts.kernel({REFUSED: 5000, OTHER_SHAPE: 2})
    assert counts.by("cause") == [("port-closed", 5000, False), ("connection-gone", 2, False)]


def test_a_shape_of_several_causes_is_divided_and_marked():
    counts = Counts()
    judged(counts, REFUSED, "port-closed", 3)
    judged(counts, REFUSED, "port-scan", 1)
    for _ in range(2):
        counts.kernel({REFUSED: 4004})
    assert counts.by("cause") == [("port-closed", 3003, True), ("port-scan", 1001, True)]
    assert counts.by("kind") == [("sent", 4004, False)], "all of this shape were sent"


def test_what_is_not_selected_takes_its_share():
    counts = Counts()
    judged(counts, REFUSED, "port-closed", 1)
    counts.deliver(REFUSED)
    counts.judge(REFUSED, None)
    for _ in range(2):
        counts.kernel({REFUSED: 1002})
    assert counts.by("cause") == [("port-closed", 501, True)]
    assert counts.by("kind") == [("sent", 501, True)]


def test_events_under_way_are_no_missing_ones():
    counts = Counts()
    counts.kernel({REFUSED: 3})
    for _ in range(3):
        counts.deliver(REFUSED)  # handed over after the kernel was asked
    counts.kernel({REFUSED: 3})
    assert counts.unjudged == 0
    for _ in range(3):
        counts.judge(REFUSED, counts.outcome("port-closed", "passive", "sent", "-"))
    counts.kernel({REFUSED: 3})
    assert counts.by("cause") == [("port-closed", 3, False)]


def test_a_shape_that_nobody_saw_is_not_judged_until_one_comes():
    counts = Counts()
    for _ in range(2):
        counts.kernel({REFUSED: 7})
    assert counts.unjudged == 7
    assert counts.by("cause") == []
    judged(counts, REFUSED, "port-closed")
    counts.kernel({REFUSED: 8})
    counts.kernel({REFUSED: 8})
    assert counts.unjudged == 0
    assert counts.by("cause") == [("port-closed", 8, False)]


def test_counts_never_fall():
    counts = Counts()
    before = {}
    for turn in range(50):
        judged(counts, REFUSED, "port-closed" if turn % 3 else "port-scan")
        counts.kernel({REFUSED: 10 * (turn + 1)})
        now = dict(counts.items())
        assert all(now[outcome] >= number for outcome, number in before.items())
        before = now
    counts.kernel({})
    assert sum(number for _, number in counts.items()) == pytest.approx(500)


def test_names_of_processes_are_bounded():
    counts = Counts()
    for number in range(PROCESSES + 50):
        judged(counts, REFUSED, "port-closed", process=f"p{number}")
    names = {name: number for name, number, _ in counts.by("process")}
    assert len(names) == PROCESSES + 1
    assert names[OTHER] == 50


def test_frequent_names_survive_a_crowd():
    peers = Frequent(limit=10)
    for number in range(1000):
        peers.add("192.0.2.1")
        peers.add(f"198.51.100.{number}")
    assert peers.top(1) == [("192.0.2.1", 1000)]
    assert len(peers) <= 21
    assert peers.crowded
