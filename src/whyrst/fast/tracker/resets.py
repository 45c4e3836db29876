# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""What is known at a reset: its row, and the segment that it answers."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.tracker.aftermath import note_reset_after
from whyrst.fast.tracker.numbers import ahead


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def find_trigger(
    t: cython.longlong[::1],
    p: cython.longlong,
    x: cython.longlong[::1],
    r: cython.longlong,
    size: cython.longlong,
    seq: cython.longlong,
    ack: cython.longlong,
    flags: cython.longlong,
) -> cython.void:
    """The most recent segment of the peer (direction at p) that a reset fits, into row r of the resets.

    RFC 9293 section 3.5.2: a segment with ACK is answered with SEQ = SEG.ACK, one without with
    ACK = SEG.SEQ + SEG.LEN. Stacks that send RST,ACK for both are found by either.
    """
    i: cython.longlong
    at: cython.longlong
    fits: cython.longlong
    bits: cython.longlong
    n: cython.longlong = t[p + D_RING]
    found: cython.longlong = 0
    looked: cython.longlong = RING if n > RING else n
    for i in range(looked):
        at = p + D_COUNT + ((n - 1 - i) & LAST_IN_RING) * R_COUNT
        bits = t[at + R_WHAT]
        fits = 0
        if (bits & 0x10) != 0 and (t[at + R_ACK] & M32) == seq:
            fits = 1
        if (flags & 0x10) != 0:
            if ack == ((t[at + R_SEQ] & M32) + (t[at + R_SEQ] >> 32) + (bits & 1) + ((bits >> 1) & 1)) & M32:
                fits |= 2
            elif seq == 0:
                fits = 0
        if fits == 0:
            continue
        if found == 0:
            x[X_TRIGGER * size + r] = fits
            x[X_TRIGGER_TIME * size + r] = t[at + R_TIME]
            x[X_TRIGGER_WHAT * size + r] = bits
            x[X_TRIGGER_SEQ * size + r] = t[at + R_SEQ]
            x[X_TRIGGER_ACK * size + r] = t[at + R_ACK]
            x[X_TRIGGER_GAP * size + r] = t[at + R_GAP]
        found += 1
    x[X_FITTING * size + r] = found


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def record_reset(
    t: cython.longlong[::1],
    x: cython.longlong[::1],
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    g: cython.longlong[::1],
    b: cython.longlong,
    side: cython.longlong,
) -> cython.void:
    """Copy all that is known at a reset into the next row of the resets."""
    k: cython.Py_ssize_t
    size: cython.longlong = x.shape[0] // X_COUNT
    ring: cython.longlong = size - PADDING
    n: cython.longlong = g[G_RESETS]
    r: cython.longlong = n % ring
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    for k in range(S_COUNT):
        x[k * size + r] = rows[o + k]
    for k in range(C_COUNT):
        x[(X_CONN + k) * size + r] = t[b + k]
    for k in range(D_COUNT):
        x[(X_SENDER + k) * size + r] = t[d + k]
        x[(X_PEER + k) * size + r] = t[p + k]
    for k in range(X_OWN, X_COUNT):
        x[k * size + r] = 0
    x[X_SIDE * size + r] = side
    x[X_ORDINAL * size + r] = n
    x[X_NUMBER * size + r] = t[b + C_RESETS] + 1
    x[X_PREVIOUS * size + r] = t[b + C_RESET_LAST]
    x[X_CAPTURE * size + r] = g[G_CAPTURE]
    x[X_NEXT_TTL * size + r] = -1
    x[X_SENDER_AFTER_ID * size + r] = -1
    find_trigger(t, p, x, r, size, rows[o + S_SEQ], rows[o + S_ACK], rows[o + S_FLAGS])
    previous: cython.longlong = t[b + C_RESET_LAST]
    if previous >= 0 and previous >= g[G_FLUSHED]:
        note_reset_after(x, rows, o, size, previous % ring, side)
        # The latest of the same end may lie behind resets of the other one; each of those is passed once.
        while previous >= g[G_FLUSHED] and x[X_SIDE * size + previous % ring] != side:
            previous = x[X_PREVIOUS * size + previous % ring]
        if previous >= g[G_FLUSHED]:
            k = previous % ring
            x[X_RST_STEP * size + k] = ahead(rows[o + S_SEQ], x[S_SEQ * size + k])
            x[X_RST_NEXT_TIME * size + k] = rows[o + S_TIME]
            x[X_NEXT_TTL * size + k] = rows[o + S_TTL]
    g[G_RESETS] = n + 1
    t[b + C_RESET_LAST] = n
    t[b + C_RESETS] += 1
    if t[b + C_RESET_TIME] == 0:
        t[b + C_RESET_TIME] = rows[o + S_TIME]
    t[d + D_RSTS] += 1
    t[d + D_RST_SEQ] = rows[o + S_SEQ]
    t[d + D_RST_ACK] = rows[o + S_ACK] if (rows[o + S_FLAGS] & 0x10) != 0 else 0
    t[d + D_RST_TIME] = rows[o + S_TIME]
    t[d + D_RST_FRAME] = rows[o + S_FRAME]
