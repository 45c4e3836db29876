# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""What a segment tells of its sender as a receiver: acknowledgements and window."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.tracker.numbers import ahead


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_acknowledged(
    t: cython.longlong[::1],
    p: cython.longlong,
    time: cython.longlong,
    frame: cython.longlong,
    ack: cython.longlong,
) -> cython.void:
    """The peer's bytes up to `ack` arrived: note when, and what that tells of its segments and the round trip."""
    if t[p + D_ACKED] >= 0 or t[p + D_ISN] >= 0:
        t[p + D_ACKED_TIME] = time
        t[p + D_ACKED_FRAME] = frame
        if ack == t[p + D_NXT]:
            if t[p + D_NEW_LENGTH] > t[p + D_ACKED_MAX]:
                t[p + D_ACKED_MAX] = t[p + D_NEW_LENGTH]
            if t[p + D_RETRANS] == 0 and t[p + D_NEW_TIME] > 0 and time > t[p + D_NEW_TIME]:
                if t[p + D_RTT] == 0 or time - t[p + D_NEW_TIME] < t[p + D_RTT]:
                    t[p + D_RTT] = time - t[p + D_NEW_TIME]
    t[p + D_ACKED] = ack
    if t[p + D_RETRANS] > 0 and ahead(ack, t[p + D_RETRANS_SEQ]) > 0:
        t[p + D_RETRANS] = 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_ack(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    g: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    b: cython.longlong,
    side: cython.longlong,
) -> cython.void:
    """What the sender of a segment acknowledges."""
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    ns: cython.longlong = len(moves) // STATES
    time: cython.longlong = rows[o + S_TIME]
    flags: cython.longlong = rows[o + S_FLAGS]
    ack: cython.longlong = rows[o + S_ACK]
    adv: cython.longlong = ahead(ack, t[p + D_NXT]) if t[p + D_NXT] >= 0 else 0
    if (
        (flags & 0x02) == 0
        and t[p + D_ISN] >= 0
        and t[d + D_ISN] < 0
        and t[p + D_PACKETS] == t[p + D_SYNS]
        and (ack != (t[p + D_ISN] + 1) & M32 and side == 1)
    ):
        # The SYN was answered by a bare ACK of other numbers: an old connection lives there.
        if t[b + C_FOREIGN_ACK] < 0:
            t[b + C_FOREIGN_ACK] = ack
            t[b + C_FOREIGN_FRAME] = rows[o + S_FRAME]
    elif not (adv > 0 and (adv >= FAR or (flags & 0x02) != 0)):
        if adv > 0:
            # Acknowledged but never seen: the capture lost it.
            t[b + C_MISSING] += 1
            g[G_MISSING] += 1
            t[p + D_NXT] = ack
        elif t[p + D_NXT] < 0:
            t[p + D_NXT] = ack
        if t[p + D_ACKED] < 0 or ahead(ack, t[p + D_ACKED]) > 0:
            take_acknowledged(t, p, time, rows[o + S_FRAME], ack)
    if t[p + D_STATE] == SYN_RECEIVED and t[p + D_ISN] >= 0 and ack == (t[p + D_ISN] + 1) & M32:
        t[p + D_STATE] = moves[SYN_RECEIVED * ns + 4]
        if t[b + C_T_ACK] == 0 and side == 0:
            t[b + C_T_ACK] = time
    if t[p + D_FIN_SEQ] >= 0 and ahead(ack, t[p + D_FIN_SEQ]) > 0:
        t[p + D_STATE] = moves[t[p + D_STATE] * ns + 7]
    if t[d + D_ACK_SENT] < 0 or ahead(ack, t[d + D_ACK_SENT]) > 0:
        t[d + D_ACK_SENT] = ack


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_window(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
) -> cython.void:
    """The window that the sender of a segment without SYN offers."""
    win: cython.longlong = rows[o + S_WINDOW]
    edge: cython.longlong
    if win != t[d + D_WINDOW]:
        if win > t[d + D_WINDOW] and t[d + D_WINDOW] >= 0:
            t[d + D_WINDOW_TIME] = rows[o + S_TIME]
        t[d + D_WINDOW] = win
        if win > t[d + D_WINDOW_MAX]:
            t[d + D_WINDOW_MAX] = win
    if win == 0:
        if t[d + D_ZERO_SINCE] == 0:
            t[d + D_ZERO_SINCE] = rows[o + S_TIME]
            t[d + D_ZERO_FRAME] = rows[o + S_FRAME]
            t[d + D_ZERO_ACKS] = 0
        else:
            t[d + D_ZERO_ACKS] += 1
    elif t[d + D_ZERO_SINCE] != 0:
        t[d + D_ZERO_SINCE] = 0
    if t[d + D_SHIFT] >= 0 and (rows[o + S_FLAGS] & 0x10) != 0:
        edge = (rows[o + S_ACK] + (win << t[d + D_SHIFT])) & M32
        if t[d + D_EDGE] < 0 or ahead(edge, t[d + D_EDGE]) > 0:
            t[d + D_EDGE] = edge
            t[d + D_EDGE_ACK] = rows[o + S_ACK]
