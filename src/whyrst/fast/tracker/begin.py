# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""The segment with which a connection begins, and the connection that had its 4-tuple before."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.tracker.lifetime import clear, take_slot


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def remember_old(t: cython.longlong[::1], b: cython.longlong, o: cython.longlong, swapped: cython.bint) -> cython.void:
    """Note in a new connection at b what is known of the one at o, which used the same 4-tuple.

    swapped: the old one's client is the new one's server.
    """
    oc: cython.longlong = o + (SIDE_B if swapped else SIDE_A)
    os: cython.longlong = o + (SIDE_A if swapped else SIDE_B)
    t[b + C_OLD_STREAM] = t[o + C_STREAM]
    t[b + C_OLD_FINS] = 0
    if t[oc + D_FINS] > 0:
        t[b + C_OLD_FINS] |= 1
    if t[os + D_FINS] > 0:
        t[b + C_OLD_FINS] |= 2
    if t[o + C_RESETS] > 0:
        t[b + C_OLD_FINS] |= 4
    t[b + C_OLD_CLIENT_NXT] = t[oc + D_NXT]
    t[b + C_OLD_ISN] = t[oc + D_ISN]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def begins_anew(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    b: cython.longlong,
    side: cython.longlong,
) -> cython.bint:
    """Whether a segment of the connection at b begins another one with the same 4-tuple.

    A SYN with another initial sequence number does (Wireshark splits there too); with the same one it is the same
    attempt again: Windows repeats a refused SYN. So does a SYN-ACK after the end, with a number of its own: the SYN of
    a new connection was not captured.
    """
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    flags: cython.longlong = rows[o + S_FLAGS]
    seq: cython.longlong = rows[o + S_SEQ]
    if (flags & 0x16) == 0x02:
        if t[p + D_ISN] >= 0 and t[d + D_NXT] < 0 and t[p + D_PACKETS] > 0 and t[d + D_PACKETS] == 0:
            return False
        if t[d + D_ISN] >= 0:
            return t[d + D_ISN] != seq
        if t[d + D_NXT] >= 0:
            return t[d + D_NXT] != (seq + 1) & M32
        return t[p + D_ISN] < 0 and t[b + C_PACKETS] > 0
    return (
        (flags & 0x16) == 0x12
        and t[b + C_USED] == 2
        and t[d + D_ISN] >= 0
        and t[d + D_ISN] != seq
        and t[b + C_T_SYNACK] > 0
        and rows[o + S_TIME] - t[b + C_FINISHED] > SECOND
    )


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def client_side(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
) -> cython.longlong:
    """Which side the sender of a connection's first captured segment is on: 0 the client's, 1 the server's."""
    flags: cython.longlong = rows[o + S_FLAGS]
    sport: cython.longlong = rows[o + S_SPORT]
    dport: cython.longlong = rows[o + S_DPORT]
    if (flags & 0x02) != 0:
        return 1 if (flags & 0x10) != 0 else 0
    return 1 if sport < dport and (sport < 1024 or dport >= 32768 or dport - sport > 1000) else 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add_connection(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    bucket_of: cython.longlong,
    old: cython.longlong,
) -> cython.longlong:
    """A row for the connection that a segment begins.

    old: the connection that used the same 4-tuple before, -1 if none is known.

    Returns: slot << 1 | side of the sender.
    """
    time: cython.longlong = rows[o + S_TIME]
    sport: cython.longlong = rows[o + S_SPORT]
    dport: cython.longlong = rows[o + S_DPORT]
    slot: cython.longlong = take_slot(t, heads, log, g, time)
    b: cython.longlong = slot * WIDTH
    side: cython.longlong = client_side(rows, o)
    swapped: cython.bint
    clear(t, b)
    if (rows[o + S_FLAGS] & 0x02) != 0:
        t[b + C_KNOWN] = 1
    if side == 0:
        t[b + C_CLIENT_HI] = rows[o + S_SRC_HI]
        t[b + C_CLIENT_LO] = rows[o + S_SRC_LO]
        t[b + C_SERVER_HI] = rows[o + S_DST_HI]
        t[b + C_SERVER_LO] = rows[o + S_DST_LO]
        t[b + C_PORTS] = sport << 16 | dport
    else:
        t[b + C_CLIENT_HI] = rows[o + S_DST_HI]
        t[b + C_CLIENT_LO] = rows[o + S_DST_LO]
        t[b + C_SERVER_HI] = rows[o + S_SRC_HI]
        t[b + C_SERVER_LO] = rows[o + S_SRC_LO]
        t[b + C_PORTS] = dport << 16 | sport
    # When the table is full, what was known of the old connection may have had to go.
    if old >= 0 and slot != old:
        swapped = t[old * WIDTH + C_PORTS] != t[b + C_PORTS] or t[old * WIDTH + C_CLIENT_LO] != t[b + C_CLIENT_LO]
        remember_old(t, b, old * WIDTH, swapped)
    t[b + C_NEXT] = heads[bucket_of]
    heads[bucket_of] = slot
    t[b + C_BUCKET] = bucket_of
    t[b + C_USED] = 1
    t[b + C_STREAM] = g[G_STREAMS]
    g[G_STREAMS] += 1
    g[G_LIVE] += 1
    t[b + C_LOG] = g[G_LINES]
    g[G_LINES] += 1
    t[b + C_FIRST_TIME] = time
    t[b + C_LAST_TIME] = time
    t[b + C_TUNNEL] = rows[o + S_TUNNEL]
    return slot << 1 | side
