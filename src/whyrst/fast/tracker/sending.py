# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""What a segment sends: something new, something again, or a probe."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.tracker.content import take_data, take_name
from whyrst.fast.tracker.handshake import follow_fin
from whyrst.fast.tracker.numbers import ahead


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def advance(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    end: cython.longlong,
) -> cython.longlong:
    """How far a segment with data, SYN or FIN goes beyond what its sender had sent; a gap between is counted."""
    flags: cython.longlong = rows[o + S_FLAGS]
    seq: cython.longlong = rows[o + S_SEQ]
    adv: cython.longlong
    if (
        t[d + D_NXT] < 0
        or (t[d + D_PACKETS] == 0 and t[d + D_ISN] < 0)
        or (t[d + D_ISN] == seq and (flags & 0x02) != 0 and t[d + D_SYNS] == 1)
    ):
        if t[d + D_NXT] >= 0 and (flags & 0x02) == 0:
            return ahead(end, t[d + D_NXT])
        return rows[o + S_LENGTH] + 1
    adv = ahead(end, t[d + D_NXT])
    if adv > 0 and ahead(seq, t[d + D_NXT]) > 0 and (flags & 0x02) == 0:
        t[d + D_HOLES] += 1
    return adv


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_new(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    b: cython.longlong,
    d: cython.longlong,
    side: cython.longlong,
    end: cython.longlong,
    adv: cython.longlong,
    gap: cython.longlong,
) -> cython.void:
    """A segment with something new: note it as its sender's latest."""
    time: cython.longlong = rows[o + S_TIME]
    length: cython.longlong = rows[o + S_LENGTH]
    t[d + D_NXT] = end
    t[b + C_IDLE_GAP] = gap
    t[b + C_IDLE_FRAME] = rows[o + S_FRAME]
    t[b + C_IDLE_SIDE] = side
    t[d + D_NEW_TIME] = time
    t[d + D_NEW_LENGTH] = length
    if length > 0:
        t[d + D_BYTES] += length if adv > length else adv
        t[d + D_SEGMENTS] += 1
        if length > t[d + D_SEGMENT_MAX]:
            t[d + D_SEGMENT_MAX] = length
        if t[b + C_DATA_SIDE] != side:
            t[b + C_DATA_SIDE] = side
            t[b + C_T_TURN] = time
            t[b + C_TURN_FRAME] = rows[o + S_FRAME]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_repeated(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    end: cython.longlong,
) -> cython.void:
    """A segment that its sender had sent before."""
    time: cython.longlong = rows[o + S_TIME]
    seq: cython.longlong = rows[o + S_SEQ]
    if t[d + D_RETRANS_SEQ] == seq and t[d + D_RETRANS] > 0:
        t[d + D_RETRANS] += 1
    else:
        t[d + D_RETRANS] = 1
        t[d + D_RETRANS_SEQ] = seq
        t[d + D_RETRANS_FIRST] = t[d + D_NEW_TIME] if end == t[d + D_NXT] and t[d + D_NEW_TIME] > 0 else time
    t[d + D_RETRANS_LENGTH] = rows[o + S_LENGTH]
    t[d + D_RETRANS_LAST] = time
    t[d + D_RETRANS_FRAME] = rows[o + S_FRAME]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_sent(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    g: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    b: cython.longlong,
    side: cython.longlong,
    end: cython.longlong,
    gap: cython.longlong,
    buffer: cython.const[cython.uchar][::1],
    seen_names: cython.longlong[::1],
    names: cython.longlong[:, ::1],
) -> cython.longlong:
    """What a segment with data, SYN or FIN sends. Returns: `REPEATED`, `PROBE` or 0."""
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    flags: cython.longlong = rows[o + S_FLAGS]
    length: cython.longlong = rows[o + S_LENGTH]
    adv: cython.longlong = advance(rows, o, t, d, end)
    seen: cython.longlong = 0
    if (
        t[d + D_NXT] >= 0
        and length <= 1
        and (flags & 0x03) == 0
        and ahead(rows[o + S_SEQ], t[d + D_NXT]) == -1
        and (t[d + D_ACKED] == t[d + D_NXT])
    ):
        seen = PROBE
    elif adv > 0 and adv < FAR:
        take_new(rows, o, t, b, d, side, end, adv, gap)
    else:
        seen = REPEATED
        take_repeated(rows, o, t, d, end)
    if length > 0 and seen != PROBE:
        take_data(rows, o, t, d, seen)
        if rows[o + S_NAME_LENGTH] > 0 and t[b + C_NAME] == 0:
            take_name(rows, o, t, b, g, buffer, seen_names, names)
    if (flags & 0x01) != 0:
        follow_fin(rows, o, t, moves, d, p, end)
    return seen


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_bare(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    p: cython.longlong,
) -> cython.longlong:
    """Where a segment without data, SYN and FIN stands. Returns: `PROBE` or 0."""
    seq: cython.longlong = rows[o + S_SEQ]
    adv: cython.longlong
    if t[d + D_NXT] < 0:
        t[d + D_NXT] = seq
    elif (rows[o + S_FLAGS] & 0x17) == 0x10:
        adv = ahead(seq, t[d + D_NXT])
        if adv == -1 and t[d + D_ACKED] == t[d + D_NXT]:
            return PROBE
        if adv > 0 and adv < FAR and t[d + D_ISN] >= 0 and t[p + D_ISN] >= 0:
            # A bare ACK stands behind bytes that the capture does not hold.
            t[d + D_HOLES] += 1
            t[d + D_NXT] = seq
    return 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_probes(
    t: cython.longlong[::1],
    d: cython.longlong,
    p: cython.longlong,
    time: cython.longlong,
    probe: cython.longlong,
) -> cython.void:
    """Probes of the sender since the peer was last heard."""
    if probe != 0:
        if t[d + D_PROBES] == 0:
            t[d + D_PROBE_FIRST] = time
        t[d + D_PROBES] += 1
        t[d + D_PROBE_LAST] = time
    if t[p + D_PROBES] != 0:
        t[p + D_PROBES] = 0
