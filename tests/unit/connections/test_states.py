"""The state table, and every move in it as the tracker makes it."""

import numpy as np
import pytest

from unit.connections.ladder import SHAKE, Ladder, play
from whyrst.connections.states import TRANSITIONS, Event, State, as_array

MIDSTREAM = "client >> PSH,ACK len=10\nserver >> ACK"
OPENED = "client >> SYN\nserver >> SYN,ACK"
BOTH = "client >> SYN\nserver >> SYN"
CLIENT_FIN = SHAKE + "client >> FIN,ACK\n"
CROSSED = SHAKE + "client >> FIN,ACK\nserver >> FIN,ACK ack=-1\n"
HALF = CLIENT_FIN + "server >> ACK\n"
LAST = HALF + "server >> FIN,ACK\n"

MOVES = {
    # what an end goes through: the ladder, then the states of client and server before and after its last line
    (State.CLOSED, Event.S_SYN): ("client >> SYN", "client"),
    (State.CLOSED, Event.S_SYN_ACK): ("server >> SYN,ACK", "server"),
    (State.CLOSED, Event.R_SYN_ACK): ("server >> SYN,ACK", "client"),
    (State.CLOSED, Event.MIDSTREAM): ("client >> ACK", "client"),
    (State.CLOSED, Event.S_FIN): ("client >> SYN\nserver >> FIN", "server"),
    (State.CLOSED, Event.R_FIN): ("client >> SYN\nclient >> FIN", "server"),
    (State.SYN_SENT, Event.R_SYN): (BOTH, "client"),
    (State.SYN_SENT, Event.R_SYN_ACK): (OPENED, "client"),
    (State.SYN_SENT, Event.MIDSTREAM): ("client >> SYN\nserver >> SYN,ACK lost\nclient >> ACK", "client"),
    (State.SYN_SENT, Event.S_RST): ("client >> SYN\nclient >> RST", "client"),
    (State.SYN_SENT, Event.R_RST): ("client >> SYN\nserver >> RST,ACK", "client"),
    (State.SYN_RECEIVED, Event.R_ACK_OF_SYN): (SHAKE, "server"),
    (State.SYN_RECEIVED, Event.R_SYN_ACK): (
        BOTH + "\nclient >> SYN,ACK seq=1000\nserver >> SYN,ACK seq=5000",
        "client",
    ),
    (State.SYN_RECEIVED, Event.S_FIN): (OPENED + "\nserver >> FIN,ACK", "server"),
    (State.SYN_RECEIVED, Event.R_FIN): (OPENED + "\nclient >> FIN", "server"),
    (State.SYN_RECEIVED, Event.S_RST): (OPENED + "\nserver >> RST", "server"),
    (State.SYN_RECEIVED, Event.R_RST): (OPENED + "\nclient >> RST", "server"),
    (State.ESTABLISHED, Event.S_FIN): (CLIENT_FIN, "client"),
    (State.ESTABLISHED, Event.R_FIN): (CLIENT_FIN, "server"),
    (State.ESTABLISHED, Event.S_RST): (SHAKE + "client >> RST,ACK", "client"),
    (State.ESTABLISHED, Event.R_RST): (SHAKE + "client >> RST,ACK", "server"),
    (State.FIN_WAIT_1, Event.R_ACK_OF_FIN): (HALF, "client"),
    (State.FIN_WAIT_1, Event.R_FIN): (CROSSED, "client"),
    (State.FIN_WAIT_1, Event.S_RST): (CLIENT_FIN + "client >> RST", "client"),
    (State.FIN_WAIT_1, Event.R_RST): (CLIENT_FIN + "server >> RST", "client"),
    (State.FIN_WAIT_2, Event.R_FIN): (LAST, "client"),
    (State.FIN_WAIT_2, Event.S_RST): (HALF + "client >> RST", "client"),
    (State.FIN_WAIT_2, Event.R_RST): (HALF + "server >> RST", "client"),
    (State.CLOSE_WAIT, Event.S_FIN): (LAST, "server"),
    (State.CLOSE_WAIT, Event.S_FIN_CROSSING): (CROSSED, "server"),
    (State.CLOSE_WAIT, Event.S_RST): (HALF + "server >> RST", "server"),
    (State.CLOSE_WAIT, Event.R_RST): (HALF + "client >> RST", "server"),
    (State.CLOSING, Event.R_ACK_OF_FIN): (CROSSED + "server >> ACK", "client"),
    (State.CLOSING, Event.S_RST): (CROSSED + "client >> RST", "client"),
    (State.CLOSING, Event.R_RST): (CROSSED + "server >> RST", "client"),
    (State.LAST_ACK, Event.R_ACK_OF_FIN): (LAST + "client >> ACK", "server"),
    (State.LAST_ACK, Event.S_RST): (LAST + "server >> RST", "server"),
    (State.LAST_ACK, Event.R_RST): (LAST + "client >> RST", "server"),
}


def test_no_move_of_the_table_is_left_out():
    assert set(MOVES) == {(state, event) for state, row in TRANSITIONS.items() for event in row}


@pytest.mark.parametrize(("state", "event"), MOVES, ids=[f"{s.name}-{e.name}" for s, e in MOVES])
def test_every_move(state, event):
    text, end = MOVES[state, event]
    which = ("client", "server").index(end)
    *before, _ = text.strip().splitlines()
    if before:
        assert play("\n".join(before)).states()[which] == state.name
    assert play(text).states()[which] == TRANSITIONS[state][event].name


def test_array_holds_the_table_and_stays_put_where_it_says_nothing():
    table = as_array().reshape(len(State), len(Event))
    for state in State:
        for event in Event:
            assert table[state, event] == TRANSITIONS[state].get(event, state)
    assert table.dtype == np.int64


@pytest.mark.parametrize("state", State)
def test_ends_stay_ended(state):
    if state in {State.RESET, State.TIME_WAIT}:
        assert TRANSITIONS[state] == {}
    else:
        assert TRANSITIONS[state]


def test_simultaneous_close_without_loss():
    seen = play(CROSSED + "client >> ACK\nserver >> ACK")
    assert seen.states() == ("TIME_WAIT", "TIME_WAIT")


def test_half_close_lets_data_through():
    seen = play(HALF + "server >> PSH,ACK len=700\nclient >> ACK")
    assert seen.states() == ("FIN_WAIT_2", "CLOSE_WAIT")
    assert seen.server().BYTES == 700
    assert seen.conn().FINISHED == 0


def test_data_beside_the_fin_does_not_stop_it():
    seen = play(SHAKE + "client >> FIN,PSH,ACK len=100\nserver >> ACK ack=-1\nserver >> ACK")
    assert seen.states() == ("FIN_WAIT_2", "CLOSE_WAIT")
    assert seen.client().FIN_SEQ == 1101


@pytest.mark.parametrize("late", ["server >> again wait=1", "server >> ACK wait=1", "client >> ACK wait=1"])
@pytest.mark.parametrize("start", [SHAKE, MIDSTREAM + "\n"])
def test_late_segments_do_not_open_what_is_closed(start, late):
    closed = start + "client >> FIN,ACK\nserver >> ACK\nserver >> FIN,ACK\nclient >> ACK\n"
    assert play(closed).states() == ("TIME_WAIT", "CLOSED")
    assert play(closed + late).states() == ("TIME_WAIT", "CLOSED")


def test_segments_after_a_reset_do_not_undo_it():
    seen = play(SHAKE + "server >> RST\nclient >> PSH,ACK len=5\nserver >> FIN,ACK")
    assert seen.states() == ("RESET", "RESET")


def test_foreign_answer_to_a_syn_opens_nothing():
    text = "client >> SYN\nserver >> ACK seq=777 ack=999999 aside\nclient >> again wait=1\n"
    seen = play(Ladder().write(text + "server >> ACK seq=777 ack=999999 aside"))
    assert seen.states() == ("SYN_SENT", "CLOSED")
    assert seen.conn().FOREIGN_ACK == 999999
    assert seen.conn().FOREIGN_FRAME == 2
