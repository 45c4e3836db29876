"""Live verdicts beside the truth."""

from __future__ import annotations

from tests.unit.trace.events import NOON, aborted, refused

from whyrst.lab.accuracy import page
from whyrst.lab.trace import SENT, Live, outcomes
from whyrst.lab.truth import WHERE, Record, Truth

SPACES = {"client": 1, "router": 2, "server": 3, "backend": 4}


def truth(cause, *, ports=(4000, 80), mechanism="passive", **more):
    accept = dict.fromkeys(WHERE, (cause,))
    return Truth(ports, "server", "server", cause, mechanism, accept, None, "as a test", **more)


def record(*truths):
    return Record("test", "a test", 1, 4, "6.18", {}, truths, {}, (), SPACES, NOON + 10_000_000_000)


def told(events, *truths, whole=True):
    live = Live()
    live.replay(events)
    live.whole = whole
    return list(outcomes(record(*truths), live))


HERE, THERE = "198.51.100.20:80", "192.0.2.10:4000"


def test_the_cause_itself_and_its_namespace():
    (one,) = told([refused(HERE, THERE, netns=3)], truth("port-closed"))
    assert (one.where, one.right, one.mechanism_right) == (SENT, True, True)
    assert told([refused(HERE, THERE, netns=99)], truth("port-closed", may_be_unseen=True)) == []


def test_what_a_kernel_cannot_know_is_right_as_far_as_it_goes():
    event = aborted(HERE, THERE, netns=3)
    (wrong,) = told([event], truth("tls-rejected", mechanism="active"))
    (right,) = told([event], truth("tls-rejected", mechanism="active", live=("close-with-unread-data",)))
    assert (wrong.right, right.right) == (False, True)


def test_what_was_missed():
    assert [one.said for one in told([], truth("port-closed"))] == ["missed"]
    assert told([], truth("port-closed"), whole=False) == []
    assert told([], truth("proxy-policy", raw=True)) == []


def test_later_resets_are_tidying():
    late = refused(HERE, THERE, netns=3, after=11)
    assert [one.said for one in told([late], truth("port-closed"))] == ["missed"]


def test_the_page_has_a_part_for_it():
    found = told([refused(HERE, THERE, netns=3)], truth("port-closed"))
    text = page(found, [1], "6.18")
    assert "## Live" in text
    assert "| sent | 1/1 = 100.0 % | 1/1 = 100.0 % |" in text
    assert "Of those sent, all are right." in text
    assert "## Live" not in page([], [1], "6.18")
