"""The states of RFC 9293 section 3.3.2 and what moves an end from one to another, as seen on the wire.

Everything about states stands in this file: the compiled tracker reads `TRANSITIONS` as an array, the
picture in the documentation is drawn from it, and nothing else decides a state. Two rules hold:

- Both ends follow the same table; it does not know which one is the client.
- An event is a segment that passed the point of capture. The other end may not have it yet (or ever), so
  the state is what an end must be in once everything that was seen has arrived.

A segment that appears in no row for a state does not change the state.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt


class State(IntEnum):
    """States of one end."""

    CLOSED = 0
    SYN_SENT = 1
    SYN_RECEIVED = 2
    ESTABLISHED = 3
    FIN_WAIT_1 = 4
    FIN_WAIT_2 = 5
    CLOSE_WAIT = 6
    CLOSING = 7
    LAST_ACK = 8
    TIME_WAIT = 9
    RESET = 10
    """CLOSED by a reset; told apart because the connection's end is then not an orderly one."""


class Event(IntEnum):
    """What an end sends (S_) or gets (R_)."""

    S_SYN = 0
    R_SYN = 1
    S_SYN_ACK = 2
    R_SYN_ACK = 3
    R_ACK_OF_SYN = 4
    """An acknowledgement of the SYN that this end sent."""
    S_FIN = 5
    R_FIN = 6
    R_ACK_OF_FIN = 7
    S_RST = 8
    R_RST = 9
    MIDSTREAM = 10
    """Data or an ACK of a connection whose beginning, or whose SYN-ACK, was not captured."""
    S_FIN_CROSSING = 11
    """A FIN that does not acknowledge the other end's: its sender had not got that yet (simultaneous close)."""


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.CLOSED: {
        Event.S_SYN: State.SYN_SENT,
        Event.S_SYN_ACK: State.SYN_RECEIVED,
        Event.R_SYN_ACK: State.ESTABLISHED,
        Event.MIDSTREAM: State.ESTABLISHED,
        Event.S_FIN: State.FIN_WAIT_1,
        Event.R_FIN: State.CLOSE_WAIT,
    },
    State.SYN_SENT: {
        Event.R_SYN: State.SYN_RECEIVED,
        Event.R_SYN_ACK: State.ESTABLISHED,
        Event.MIDSTREAM: State.ESTABLISHED,
        Event.S_RST: State.RESET,
        Event.R_RST: State.RESET,
    },
    State.SYN_RECEIVED: {
        Event.R_ACK_OF_SYN: State.ESTABLISHED,
        Event.R_SYN_ACK: State.ESTABLISHED,
        Event.S_FIN: State.FIN_WAIT_1,
        Event.R_FIN: State.CLOSE_WAIT,
        Event.S_RST: State.RESET,
        Event.R_RST: State.RESET,
    },
    State.ESTABLISHED: {
        Event.S_FIN: State.FIN_WAIT_1,
        Event.R_FIN: State.CLOSE_WAIT,
        Event.S_RST: State.RESET,
        Event.R_RST: State.RESET,
    },
    State.FIN_WAIT_1: {
        Event.R_ACK_OF_FIN: State.FIN_WAIT_2,
        Event.R_FIN: State.CLOSING,
        Event.S_RST: State.RESET,
        Event.R_RST: State.RESET,
    },
    State.FIN_WAIT_2: {
        Event.R_FIN: State.TIME_WAIT,
        Event.S_RST: State.RESET,
        Event.R_RST: State.RESET,
    },
    State.CLOSE_WAIT: {
        Event.S_FIN: State.LAST_ACK,
        Event.S_FIN_CROSSING: State.CLOSING,
        Event.S_RST: State.RESET,
        Event.R_RST: State.RESET,
    },
    State.CLOSING: {
        Event.R_ACK_OF_FIN: State.TIME_WAIT,
        Event.S_RST: State.RESET,
        Event.R_RST: State.RESET,
    },
    State.LAST_ACK: {
        Event.R_ACK_OF_FIN: State.CLOSED,
        Event.S_RST: State.RESET,
        Event.R_RST: State.RESET,
    },
    State.TIME_WAIT: {},
    State.RESET: {},
}


def as_array() -> npt.NDArray[np.int64]:
    """The table as the compiled tracker reads it: shape (states, events), flattened; a cell is the next state."""
    table = np.empty((len(State), len(Event)), dtype=np.int64)
    for state in State:
        table[state, :] = state
        for event, target in TRANSITIONS[state].items():
            table[state, event] = target
    return table.reshape(-1)
