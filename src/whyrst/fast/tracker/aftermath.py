# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""What follows a reset."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.tracker.numbers import ahead


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def note_reset_after(
    x: cython.longlong[::1],
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    size: cython.longlong,
    r: cython.longlong,
    side: cython.longlong,
) -> cython.void:
    """Tell the reset in row r that another one followed it directly."""
    if x[X_SIDE * size + r] == side:
        x[X_RSTS_AFTER * size + r] += 1
        if rows[o + S_SEQ] == x[S_SEQ * size + r]:
            x[X_RSTS_EQUAL * size + r] += 1
    else:
        x[X_PEER_RSTS * size + r] += 1
        if x[X_PEER_RST_TIME * size + r] == 0:
            x[X_PEER_RST_TIME * size + r] = rows[o + S_TIME]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def note_after(
    t: cython.longlong[::1],
    x: cython.longlong[::1],
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    b: cython.longlong,
    side: cython.longlong,
    g: cython.longlong[::1],
) -> cython.void:
    """Tell the connection's latest reset that a segment without RST followed it."""
    size: cython.longlong = x.shape[0] // X_COUNT
    n: cython.longlong = t[b + C_RESET_LAST]
    if n < g[G_FLUSHED]:
        return
    r: cython.longlong = n % (size - PADDING)
    flags: cython.longlong = rows[o + S_FLAGS]
    end: cython.longlong = (rows[o + S_SEQ] + rows[o + S_LENGTH] + (flags & 1) + ((flags >> 1) & 1)) & M32
    new: cython.longlong = 0
    if x[X_SIDE * size + r] == side:
        if x[(X_SENDER + D_NXT) * size + r] < 0 or ahead(end, x[(X_SENDER + D_NXT) * size + r]) > 0:
            new = 1
        if (
            (flags & 0x10) != 0
            and x[(X_SENDER + D_ACK_SENT) * size + r] >= 0
            and ahead(rows[o + S_ACK], x[(X_SENDER + D_ACK_SENT) * size + r]) > 0
        ):
            new = 1
            x[X_SENDER_ACKED * size + r] += 1
        x[X_SENDER_AFTER * size + r] += 1
        x[X_SENDER_NEW * size + r] += new
        if x[X_SENDER_AFTER_TIME * size + r] == 0:
            x[X_SENDER_AFTER_TIME * size + r] = rows[o + S_TIME]
            x[X_SENDER_AFTER_FRAME * size + r] = rows[o + S_FRAME]
            x[X_SENDER_AFTER_ID * size + r] = rows[o + S_IP_ID]
    else:
        if x[(X_PEER + D_NXT) * size + r] < 0 or ahead(end, x[(X_PEER + D_NXT) * size + r]) > 0:
            new = 1
        elif (
            (flags & 0x10) != 0
            and x[(X_SENDER + D_NXT) * size + r] >= 0
            and ahead(rows[o + S_ACK], x[(X_SENDER + D_NXT) * size + r]) > 0
        ):
            new = 1
        elif (
            rows[o + S_LENGTH] == 0
            and (flags & 0x17) == 0x10
            and x[X_CHALLENGED * size + r] == 0
            and rows[o + S_ACK] == x[(X_PEER + D_ACK_SENT) * size + r]
        ):
            x[X_CHALLENGED * size + r] = rows[o + S_TIME]
        x[X_PEER_AFTER * size + r] += 1
        x[X_PEER_NEW * size + r] += new
        if x[X_PEER_AFTER_TIME * size + r] == 0:
            x[X_PEER_AFTER_TIME * size + r] = rows[o + S_TIME]
            x[X_PEER_AFTER_FRAME * size + r] = rows[o + S_FRAME]


def propagate(x: cython.longlong[::1], first: cython.longlong, last: cython.longlong) -> cython.void:
    """Add to each reset with ordinal first..last-1, latest first, what its connection's next reset saw.

    While packets arrive only the latest reset of a connection is told of them.
    """
    n: cython.longlong
    r: cython.longlong
    q: cython.longlong
    previous: cython.longlong
    same: cython.bint
    size: cython.longlong = x.shape[0] // X_COUNT
    ring: cython.longlong = size - PADDING
    for n in range(last - 1, first - 1, -1):
        r = n % ring
        previous = x[X_PREVIOUS * size + r]
        if previous < first:
            continue
        q = previous % ring
        same = x[X_SIDE * size + r] == x[X_SIDE * size + q]
        if same:
            add(x, size, q, r, X_SENDER_AFTER, X_SENDER_AFTER)
            add(x, size, q, r, X_SENDER_NEW, X_SENDER_NEW)
            add(x, size, q, r, X_SENDER_ACKED, X_SENDER_ACKED)
            add(x, size, q, r, X_PEER_AFTER, X_PEER_AFTER)
            add(x, size, q, r, X_PEER_NEW, X_PEER_NEW)
            add(x, size, q, r, X_RSTS_AFTER, X_RSTS_AFTER)
            if x[S_SEQ * size + q] == x[S_SEQ * size + r]:
                add(x, size, q, r, X_RSTS_EQUAL, X_RSTS_EQUAL)
            add(x, size, q, r, X_PEER_RSTS, X_PEER_RSTS)
            first_of(x, size, q, r, X_SENDER_AFTER_TIME, X_SENDER_AFTER_TIME)
            first_of(x, size, q, r, X_SENDER_AFTER_FRAME, X_SENDER_AFTER_FRAME)
            first_of(x, size, q, r, X_PEER_AFTER_TIME, X_PEER_AFTER_TIME)
            first_of(x, size, q, r, X_PEER_AFTER_FRAME, X_PEER_AFTER_FRAME)
            first_of(x, size, q, r, X_PEER_RST_TIME, X_PEER_RST_TIME)
            if x[X_SENDER_AFTER_ID * size + q] < 0:
                x[X_SENDER_AFTER_ID * size + q] = x[X_SENDER_AFTER_ID * size + r]
            first_of(x, size, q, r, X_CHALLENGED, X_CHALLENGED)
        else:
            add(x, size, q, r, X_SENDER_AFTER, X_PEER_AFTER)
            add(x, size, q, r, X_SENDER_NEW, X_PEER_NEW)
            add(x, size, q, r, X_PEER_AFTER, X_SENDER_AFTER)
            add(x, size, q, r, X_PEER_NEW, X_SENDER_NEW)
            add(x, size, q, r, X_PEER_RSTS, X_RSTS_AFTER)
            add(x, size, q, r, X_RSTS_AFTER, X_PEER_RSTS)
            first_of(x, size, q, r, X_SENDER_AFTER_TIME, X_PEER_AFTER_TIME)
            first_of(x, size, q, r, X_SENDER_AFTER_FRAME, X_PEER_AFTER_FRAME)
            first_of(x, size, q, r, X_PEER_AFTER_TIME, X_SENDER_AFTER_TIME)
            first_of(x, size, q, r, X_PEER_AFTER_FRAME, X_SENDER_AFTER_FRAME)
        first_of(x, size, q, r, X_SYN_AFTER, X_SYN_AFTER)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add(
    x: cython.longlong[::1],
    size: cython.longlong,
    q: cython.longlong,
    r: cython.longlong,
    to: cython.longlong,
    of: cython.longlong,
) -> cython.void:
    """Add cell `of` of row r to cell `to` of row q."""
    x[to * size + q] += x[of * size + r]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def first_of(
    x: cython.longlong[::1],
    size: cython.longlong,
    q: cython.longlong,
    r: cython.longlong,
    to: cython.longlong,
    of: cython.longlong,
) -> cython.void:
    """Fill cell `to` of row q from cell `of` of row r if it is still empty."""
    if x[to * size + q] == 0:
        x[to * size + q] = x[of * size + r]
