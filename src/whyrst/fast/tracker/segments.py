# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""The loop over segments."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.tracker.aftermath import note_after
from whyrst.fast.tracker.begin import add_connection, begins_anew
from whyrst.fast.tracker.copies import passes_over
from whyrst.fast.tracker.habits import follow_habits, keep_in_ring
from whyrst.fast.tracker.handshake import follow_syn, follow_synchronized, is_over
from whyrst.fast.tracker.lifetime import expire, finish, give_way
from whyrst.fast.tracker.places import fetch_bucket, fetch_ring, fetch_row, find
from whyrst.fast.tracker.receiving import follow_ack, follow_window
from whyrst.fast.tracker.resets import record_reset
from whyrst.fast.tracker.sending import follow_bare, follow_probes, follow_sent


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def count_segment(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    g: cython.longlong[::1],
    time: cython.longlong,
) -> cython.void:
    """Count a segment, and what is wrong with it."""
    quality: cython.longlong = rows[o + S_QUALITY]
    if time < g[G_LAST_TIME]:
        g[G_BACKWARDS] += 1
    else:
        g[G_LAST_TIME] = time
    g[G_SEGMENTS] += 1
    if quality != 0:
        if (quality & 0x01) != 0:
            g[G_CUT] += 1
        if (quality & 0x06) != 0:
            g[G_OFFLOAD] += 1
        if (quality & 0x08) != 0:
            g[G_BAD_CHECKSUM] += 1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_segment(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    x: cython.longlong[::1],
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
    """All that a segment other than a reset tells of its connection. Returns: `REPEATED`, `PROBE` or 0."""
    d: cython.longlong = b + SIDE_A + side * SIDE
    p: cython.longlong = b + SIDE_A + (1 - side) * SIDE
    flags: cython.longlong = rows[o + S_FLAGS]
    seen: cython.longlong
    if t[b + C_RESET_LAST] >= 0:
        note_after(t, x, rows, o, b, side, g)
    if (flags & 0x10) != 0:
        follow_ack(rows, o, t, g, moves, b, side)
    if (flags & 0x02) != 0:
        follow_syn(rows, o, t, moves, b, side)
    else:
        follow_synchronized(rows, o, t, moves, b, d, p)
        follow_window(rows, o, t, d)
    if rows[o + S_LENGTH] > 0 or (flags & 0x03) != 0:
        seen = follow_sent(rows, o, t, g, moves, b, side, end, gap, buffer, seen_names, names)
    else:
        seen = follow_bare(rows, o, t, d, p)
    follow_probes(t, d, p, rows[o + S_TIME], seen & PROBE)
    follow_habits(rows, o, t, d)
    return seen


@cython.cfunc
@cython.nogil
@cython.exceptval(-1)
def walk(
    rows: cython.longlong[::1],
    start: cython.Py_ssize_t,
    n: cython.Py_ssize_t,
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    x: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    keep: cython.longlong,
    buffer: cython.const[cython.uchar][::1],
    seen_names: cython.longlong[::1],
    names: cython.longlong[:, ::1],
    near: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Do what `follow` says."""
    i: cython.Py_ssize_t
    o: cython.Py_ssize_t
    place: cython.longlong
    slot: cython.longlong
    side: cython.longlong
    b: cython.longlong
    d: cython.longlong
    p: cython.longlong
    time: cython.longlong
    flags: cython.longlong
    gap: cython.longlong
    end: cython.longlong
    seen: cython.longlong
    old: cython.longlong
    ns: cython.longlong = len(moves) // STATES
    ring: cython.longlong = x.shape[0] // X_COUNT - PADDING
    for i in range(start, min(start + 2 * AHEAD, n)):
        fetch_bucket(rows, i, heads, near)
    for i in range(start, n):
        if i + 2 * AHEAD < n:
            fetch_bucket(rows, i + 2 * AHEAD, heads, near)
        if i + AHEAD < n:
            fetch_row(t, heads[near[(i + AHEAD) & NEAR]])
        if i + AHEAD // 2 < n:
            fetch_ring(rows, i + AHEAD // 2, t, heads[near[(i + AHEAD // 2) & NEAR]])
        o = i * S_COUNT
        flags = rows[o + S_FLAGS]
        if (flags & 0x04) != 0 and g[G_RESETS] - g[G_FLUSHED] >= ring:
            return i
        time = rows[o + S_TIME]
        count_segment(rows, o, g, time)
        place = find(rows, o, t, heads[near[i & NEAR]])
        old = -1
        if place >= 0 and (flags & 0x06) == 0x02 and begins_anew(rows, o, t, (place >> 1) * WIDTH, place & 1):
            old = place >> 1
            give_way(t, heads, x, g, old, time)
            place = -1
        if place < 0:
            place = add_connection(rows, o, t, heads, log, g, near[i & NEAR], old)
        slot = place >> 1
        side = place & 1
        b = slot * WIDTH
        d = b + SIDE_A + side * SIDE
        p = b + SIDE_A + (1 - side) * SIDE
        if passes_over(rows, o, t, x, g, b, d):
            continue
        gap = time - t[b + C_LAST_TIME]
        if gap < 0:
            gap = 0
        end = (rows[o + S_SEQ] + rows[o + S_LENGTH] + (flags & 0x01) + ((flags >> 1) & 0x01)) & M32
        seen = 0
        if (flags & 0x04) != 0:
            record_reset(t, x, rows, o, g, b, side)
            t[d + D_STATE] = moves[t[d + D_STATE] * ns + 8]
            t[p + D_STATE] = moves[t[p + D_STATE] * ns + 9]
        else:
            seen = follow_segment(rows, o, t, x, g, moves, b, side, end, gap, buffer, seen_names, names)
        keep_in_ring(rows, o, t, d, gap, seen)
        t[b + C_PACKETS] += 1
        if time > t[b + C_LAST_TIME]:
            t[b + C_LAST_TIME] = time
        if t[b + C_USED] == 1 and ((flags & 0x04) != 0 or is_over(t, d, p)):
            finish(t, g, slot, time)
            if g[G_FINISHED] > keep or time - t[g[G_OLDEST] * WIDTH + C_FINISHED] > FINISHED_KEEP:
                expire(t, heads, log, g, time, keep)
    return n


def follow(
    rows: cython.longlong[::1],
    start: cython.Py_ssize_t,
    n: cython.Py_ssize_t,
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    x: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    moves: cython.const[cython.longlong][::1],
    keep: cython.longlong,
    buffer: cython.const[cython.uchar][::1],
    seen_names: cython.longlong[::1],
    names: cython.longlong[:, ::1],
    near: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Follow segments rows[start:n] through the table of connections.

    Args:
        rows: segments, n * Seg.COUNT cells, row after row.
        start: first row to take.
        n: rows that are filled.
        t: connections, slots * WIDTH cells.
        heads: first slot of each hash bucket; a power of two of them.
        x: resets, Rst.COUNT * size cells, a cell's column after the other; size - PADDING rows are used in turn.
        log: recent connections, Log.COUNT * lines cells, column after column.
        g: `Glob` cells.
        moves: `connections.states.as_array()`.
        keep: how many finished connections stay in the table at most.
        buffer: what NAME_AT counts in.
        seen_names: hashes of names already reported, a small cache.
        names: gets (hash, offset, length) of names not in that cache; G_NAMES of them.
        near: room for the buckets of the next `NEAR` + 1 segments.

    Returns:
        The row behind the last one taken. It is smaller than n when the ring of resets is full: the caller
        judges the older half, raises G_FLUSHED and calls again.
    """
    done: cython.Py_ssize_t
    with cython.nogil:
        done = walk(rows, start, n, t, heads, x, log, g, moves, keep, buffer, seen_names, names, near)
    return done
