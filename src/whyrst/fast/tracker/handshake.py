# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""States of both ends at SYN, SYN-ACK and FIN, and when a capture begins in the middle."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.tracker.numbers import ahead


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_syn(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    b: cython.longlong,
    side: cython.longlong,
) -> cython.void:
    """A SYN or SYN-ACK: what its sender begins with."""
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    ns: cython.longlong = len(moves) // STATES
    time: cython.longlong = rows[o + S_TIME]
    if t[d + D_ISN] < 0:
        t[d + D_ISN] = rows[o + S_SEQ]
        t[d + D_SYN_FRAME] = rows[o + S_FRAME]
        t[d + D_SYN_OPTIONS] = rows[o + S_OPTIONS]
        t[d + D_SYN_WINDOW] = rows[o + S_WINDOW]
        t[d + D_SYN_TTL] = rows[o + S_TTL]
        t[d + D_SYN_ID] = rows[o + S_IP_ID]
        t[d + D_WSCALE] = rows[o + S_WSCALE]
    t[d + D_SYN_LAST] = time
    t[d + D_SYNS] += 1
    t[b + C_KNOWN] = 1
    if (rows[o + S_FLAGS] & 0x10) == 0:
        if side == 0 and t[b + C_T_SYN] == 0:
            t[b + C_T_SYN] = time
        t[d + D_STATE] = moves[t[d + D_STATE] * ns + 0]
        t[p + D_STATE] = moves[t[p + D_STATE] * ns + 1]
        return
    if t[b + C_T_SYNACK] == 0:
        t[b + C_T_SYNACK] = time
    t[d + D_STATE] = moves[t[d + D_STATE] * ns + 2]
    t[p + D_STATE] = moves[t[p + D_STATE] * ns + 3]
    # RFC 7323 section 2.2: the scale counts only when both SYNs carried it.
    if t[p + D_ISN] >= 0:
        if t[d + D_WSCALE] >= 0 and t[p + D_WSCALE] >= 0:
            t[d + D_SHIFT] = t[d + D_WSCALE] if t[d + D_WSCALE] < 15 else 14
            t[p + D_SHIFT] = t[p + D_WSCALE] if t[p + D_WSCALE] < 15 else 14
        else:
            t[d + D_SHIFT] = 0
            t[p + D_SHIFT] = 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_synchronized(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    b: cython.longlong,
    d: cython.longlong,
    p: cython.longlong,
) -> cython.void:
    """The states of both ends, when a segment without SYN is the first to show that they are synchronized."""
    ns: cython.longlong = len(moves) // STATES
    flags: cython.longlong = rows[o + S_FLAGS]
    if t[d + D_STATE] == SYN_SENT and (flags & 0x10) != 0:
        # The SYN-ACK was not captured: only who got it acknowledges.
        t[d + D_STATE] = moves[SYN_SENT * ns + 10]
        t[p + D_STATE] = moves[t[p + D_STATE] * ns + 10]
    elif t[d + D_STATE] == 0 and t[d + D_ISN] < 0 and t[d + D_FINS] == 0 and (flags & 0x11) != 0:
        # Middle of a conversation: both ends must have been synchronized.
        if t[b + C_KNOWN] == 0 or t[p + D_STATE] > SYN_SENT or (t[d + D_PACKETS] > 0 and t[b + C_FOREIGN_ACK] < 0):
            t[d + D_STATE] = moves[t[d + D_STATE] * ns + 10]
            t[p + D_STATE] = moves[t[p + D_STATE] * ns + 10]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_fin(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    d: cython.longlong,
    p: cython.longlong,
    end: cython.longlong,
) -> cython.void:
    """A FIN."""
    ns: cython.longlong = len(moves) // STATES
    t[d + D_FINS] += 1
    if t[d + D_FIN_SEQ] >= 0:
        return
    t[d + D_FIN_SEQ] = (end - 1) & M32
    t[d + D_FIN_TIME] = rows[o + S_TIME]
    t[d + D_FIN_FRAME] = rows[o + S_FRAME]
    if t[p + D_FIN_SEQ] >= 0 and (rows[o + S_FLAGS] & 0x10) != 0 and ahead(rows[o + S_ACK], t[p + D_FIN_SEQ]) <= 0:
        t[d + D_STATE] = moves[t[d + D_STATE] * ns + 11]
    else:
        t[d + D_STATE] = moves[t[d + D_STATE] * ns + 5]
    t[p + D_STATE] = moves[t[p + D_STATE] * ns + 6]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def is_over(
    t: cython.longlong[::1],
    d: cython.longlong,
    p: cython.longlong,
) -> cython.bint:
    """Whether both ends sent a FIN and got an acknowledgement of all they sent."""
    return t[d + D_FINS] > 0 and t[p + D_FINS] > 0 and t[d + D_ACKED] == t[d + D_NXT] and t[p + D_ACKED] == t[p + D_NXT]
