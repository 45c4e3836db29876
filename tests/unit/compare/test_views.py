"""What a capture lost shows in what was acknowledged beyond it."""

from __future__ import annotations

from whyrst.compare.legs import Leg
from whyrst.compare.segment import ACK, RST, SYN, Segment
from whyrst.compare.sightings import View, group
from whyrst.compare.views import best, lacking, tally

MS = 1_000_000
CLIENT, SERVER = 0, 1
ENDS = (0, 1, 0, 2, 40000, 80)


def segment(frame, ms, *, forth=True, seq=0, ack=0, flags=ACK, length=0):
    ends = ENDS if forth else (*ENDS[2:4], *ENDS[:2], 80, 40000)
    return Segment(frame, ms * MS, forth, seq, ack, flags, length, 500, 64 if forth else 63, 7 * frame, 16, -1, 0,
                   False, ends)  # fmt: skip


def view(**more):
    known = {"begin": 0, "end": 100 * MS, "known": True, "doubt": 0, "bounded": True, "whole": True,
             "sides": (True, True), "hosts": frozenset(), "ttls": {}}  # fmt: skip
    return View(**(known | more))


SENT = [
    segment(1, 10, seq=99, flags=SYN),
    segment(2, 20, seq=100, length=50),
    segment(3, 30, seq=150, length=50),
]
ANSWER = segment(4, 40, forth=False, seq=300, ack=150)


def leg(client, server):
    return Leg({CLIENT: [0], SERVER: [0]}, segments={CLIENT: client, SERVER: server})


def test_what_is_acknowledged_beyond_has_passed():
    assert tally(leg(SENT, [*SENT, ANSWER]), SERVER, (CLIENT, SERVER), view()) == (2, 0)
    assert tally(leg(SENT, [SENT[0], ANSWER]), SERVER, (CLIENT, SERVER), view()) == (1, 1)
    assert tally(leg(SENT, [ANSWER]), SERVER, (CLIENT, SERVER), view()) == (0, 2)


def test_what_nothing_acknowledges_may_be_lost_on_the_way():
    assert tally(leg(SENT[2:], [ANSWER]), SERVER, (CLIENT, SERVER), view()) == (0, 0)


def test_before_a_capture_began_it_lost_nothing():
    assert tally(leg(SENT, [ANSWER]), SERVER, (CLIENT, SERVER), view(begin=15 * MS)) == (0, 1)


def test_a_direction_that_was_not_captured_is_not_lost():
    assert tally(leg(SENT, [ANSWER]), SERVER, (CLIENT, SERVER), view(sides=(False, True))) == (0, 0)


def test_a_reset_of_its_own_that_the_sender_lacks_was_lost_there():
    one, two = (segment(4 + k, 50 + k, forth=False, seq=300 + k, flags=RST) for k in (0, 1))
    both = leg([*SENT, ANSWER, one, two], [*SENT, ANSWER, two])
    known = [view(ttls={(0, 2): frozenset({63})}), view(ttls={(0, 2): frozenset({63})})]
    both.seen = group(both, (CLIENT, SERVER), [0, 0])
    assert lacking(both, known) == {(SERVER, False)}
    last = next(seen for seen in both.seen if len(seen.at) > 1)
    assert best(last, known, ()) == SERVER
    assert best(last, known, lacking(both, known)) == CLIENT
