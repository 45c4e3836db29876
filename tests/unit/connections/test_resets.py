"""What the tracker notes at a reset: the segment that it answers, and what followed."""
# ruff: noqa: SIM300 - cells have the names of constants, and are none

import pytest

from unit.connections.ladder import SHAKE, Ladder, play
from whyrst.fast.layout import Seg
from whyrst.fast.tables import Answer

MS = 1_000_000
DATA = SHAKE + "client >> PSH,ACK len=100 wait=5\n"


def one(text):
    (reset,) = play(text).resets
    return reset


def test_reset_of_a_segment_with_ack_has_its_ack_as_number():
    reset = one(DATA + "server >> RST")
    assert (reset.answers, reset.own.TRIGGER, reset.own.FITTING) == (4, Answer.SEQ_IS_ACK, 2)
    assert reset.own.TRIGGER_GAP == 5000 * MS
    assert reset.own.TRIGGER_SEQ == 1001 | 100 << 32


def test_reset_of_a_syn_acknowledges_it():
    reset = one("client >> SYN\nserver >> RST,ACK seq=0")
    assert (reset.answers, reset.own.TRIGGER) == (1, Answer.ACK_IS_END)
    assert reset.states == ("CLOSED", "SYN_SENT")


def test_reset_of_a_syn_with_data_acknowledges_both():
    assert one("client >> SYN len=200\nserver >> RST,ACK seq=0").answers == 1
    assert one("client >> SYN len=200\nserver >> RST,ACK seq=0 ack=1001").answers == 0


def test_reset_with_ack_may_fit_both_ways():
    reset = one(DATA + "server >> RST,ACK")
    assert (reset.answers, reset.own.TRIGGER) == (4, Answer.SEQ_IS_ACK | Answer.ACK_IS_END)


def test_reset_that_fits_nothing_answers_nothing():
    assert one(DATA + "server >> RST seq=+7").answers == 0
    assert one(DATA + "server >> RST,ACK seq=0 ack=5").answers == 0


def test_number_zero_needs_a_fitting_acknowledgement():
    zero = "client >> SYN seq=1000\nserver >> SYN,ACK seq=4294967295\nclient >> ACK len=10\n"
    assert one(zero + "server >> RST seq=0").answers == 3
    assert one(zero + "server >> RST,ACK seq=0 ack=9").answers == 0


def test_the_most_recent_of_several_counts():
    reset = one(DATA + "client >> again wait=0.2\nclient >> again wait=0.4\nserver >> RST")
    assert (reset.answers, reset.own.FITTING) == (6, 4)


def test_only_the_latest_eight_are_looked_at():
    acks = "".join(f"client >> ACK ack={9000 + k}\n" for k in range(8))
    assert one(SHAKE + acks + "server >> RST seq=5001").answers == 0
    assert one(SHAKE + acks + "server >> RST seq=9000").answers == 4


def test_own_segments_are_not_answered():
    assert one(DATA + "client >> RST,ACK").answers == 2


def test_reset_of_a_reset_is_found_as_such():
    seen = play(DATA + "client >> RST,ACK\nserver >> RST seq=5001 ack=0")
    assert [r.answers for r in seen.resets] == [2, 5]


def test_what_was_known_is_noted_as_it_was_before():
    seen = play(DATA + "server >> RST\nclient >> RST")
    first, second = seen.resets
    assert (first.conn.RESETS, first.conn.PACKETS, first.sender.RSTS) == (0, 4, 0)
    assert (second.conn.RESETS, second.own.NUMBER, second.own.PREVIOUS, second.peer.RSTS) == (1, 2, 0, 1)
    assert second.states == ("RESET", "RESET")
    assert second.conn.RESET_TIME == first.segment.TIME


def test_nothing_followed():
    own = one(DATA + "server >> RST").own
    assert (own.SENDER_AFTER, own.PEER_AFTER, own.RSTS_AFTER, own.PEER_RSTS, own.SYN_AFTER) == (0, 0, 0, 0, 0)
    assert (own.NEXT_TTL, own.SENDER_AFTER_ID) == (-1, -1)


def test_sender_went_on():
    seen = play(DATA + "server >> RST aside\nserver >> PSH,ACK len=50 id=9\nclient >> ACK\nclient >> PSH,ACK len=5")
    own = seen.resets[0].own
    assert (own.SENDER_AFTER, own.SENDER_NEW, own.PEER_AFTER, own.PEER_NEW) == (1, 1, 2, 2)
    assert (own.SENDER_AFTER_FRAME, own.PEER_AFTER_FRAME, own.SENDER_AFTER_ID) == (6, 7, 9)
    assert own.SENDER_AFTER_TIME == seen.rows[5, Seg.TIME]


def test_repeats_are_nothing_new():
    own = one(DATA + "server >> RST\nclient >> again wait=0.2\nserver >> ACK ack=1001").own
    assert (own.PEER_AFTER, own.PEER_NEW, own.SENDER_AFTER, own.SENDER_NEW) == (1, 0, 1, 0)


def test_acknowledging_more_is_new():
    own = one(DATA + "server >> RST aside\nserver >> ACK").own
    assert (own.SENDER_AFTER, own.SENDER_NEW) == (1, 1)


def test_further_resets_of_the_same_end():
    text = DATA + "server >> RST ttl=57\nserver >> RST ttl=60 seq=+1460 wait=0.00001\nserver >> RST ttl=61 seq=+2920\n"
    first, second, third = (r.own for r in play(text).resets)
    assert (first.RSTS_AFTER, second.RSTS_AFTER, third.RSTS_AFTER) == (2, 1, 0)
    assert (first.RST_STEP, second.RST_STEP, third.RST_STEP) == (1460, 1460, 0)
    assert (first.NEXT_TTL, second.NEXT_TTL, third.NEXT_TTL) == (60, 61, -1)
    assert first.RSTS_EQUAL == 0


def test_what_followed_the_last_reset_followed_the_earlier_ones_too():
    text = DATA + "server >> RST aside\nserver >> RST seq=+9 aside\nserver >> PSH,ACK len=50 id=5\nclient >> ACK\n"
    seen = play(text + "client >> SYN seq=777777 wait=1")
    for reset in seen.resets:
        assert (reset.own.SENDER_AFTER, reset.own.SENDER_NEW, reset.own.PEER_NEW) == (1, 1, 1)
        assert reset.own.SYN_AFTER == seen.rows[-1, Seg.TIME]
        assert reset.own.SENDER_AFTER_ID == 5


def test_both_ends_reset_by_turns():
    text = "server >> RST ttl=57\nclient >> RST ttl=64 wait=1\nserver >> RST ttl=99 seq=+5 wait=1\nclient >> RST wait=1"
    seen = play(DATA + text)
    first, second, third, fourth = (r.own for r in seen.resets)
    assert [o.RSTS_AFTER for o in (first, second, third, fourth)] == [1, 1, 0, 0]
    assert [o.PEER_RSTS for o in (first, second, third, fourth)] == [2, 1, 1, 0]
    assert (first.RST_STEP, first.NEXT_TTL, first.RST_NEXT_TIME) == (5, 99, seen.rows[6, Seg.TIME])
    assert (second.RST_STEP, second.NEXT_TTL, second.RST_NEXT_TIME) == (0, 64, seen.rows[7, Seg.TIME])
    assert first.PEER_RST_TIME == seen.rows[5, Seg.TIME]
    assert third.PEER_RST_TIME == seen.rows[7, Seg.TIME]


def test_segments_after_a_reset_of_the_other_end_are_told_to_the_right_side():
    seen = play(DATA + "server >> RST aside\nclient >> RST aside\nserver >> PSH,ACK len=50\nclient >> ACK")
    first, second = (r.own for r in seen.resets)
    assert (first.SENDER_AFTER, first.SENDER_NEW, first.PEER_AFTER, first.PEER_NEW) == (1, 1, 1, 1)
    assert (second.SENDER_AFTER, second.PEER_AFTER, second.PEER_NEW) == (1, 1, 1)
    assert first.SENDER_AFTER_FRAME == second.PEER_AFTER_FRAME == 7


@pytest.mark.parametrize("pending", [2, 4, 6, 64])
def test_a_small_ring_tells_the_same(pending):
    ladder = Ladder()
    for k in range(12):
        ladder.use((40000 + k, 80))
        ladder.write(DATA + "server >> RST aside\n")
        if k % 3 == 0:
            ladder.write("server >> RST seq=+9 aside\n")
    expected = play(ladder)
    seen = play(ladder, pending=pending)
    assert (seen.cells == expected.cells).all()
    assert seen.g.RESETS == seen.g.FLUSHED == 16


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_batches_make_no_difference(batch):
    ladder = Ladder().write(DATA + "server >> RST aside\nclient >> RST\n")
    ladder.use((40001, 80))
    ladder.write(DATA + "client >> RST,ACK\nserver >> RST\nclient >> SYN seq=5555555 wait=3\n")
    expected = play(ladder)
    assert (play(ladder, batch=batch, pending=4).cells == expected.cells).all()
