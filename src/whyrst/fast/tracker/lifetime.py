# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""How connections enter the table, are finished and leave it."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.tracker.log import write_log
from whyrst.fast.tracker.places import fetch_oldest, unlink


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def release(
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    slot: cython.longlong,
) -> cython.void:
    """Forget a connection: its line in the log stays."""
    b: cython.longlong = slot * WIDTH
    write_log(t, log, g, slot)
    if t[b + C_KNOWN] == 0 or t[b + SIDE_A + D_ISN] < 0:
        g[G_NO_HANDSHAKE] += 1
    if (
        t[b + SIDE_A + D_PACKETS] + t[b + SIDE_A + D_RSTS] == 0
        or t[b + SIDE_B + D_PACKETS] + t[b + SIDE_B + D_RSTS] == 0
    ) and t[b + C_PACKETS] > 3:
        g[G_ONE_SIDED] += 1
    unlink(t, heads, slot)
    g[G_RELEASED] += 1
    t[b + C_USED] = 0
    t[b + C_NEXT] = g[G_FREE]
    g[G_FREE] = slot


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def expire(
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    now: cython.longlong,
    keep: cython.longlong,
) -> cython.void:
    """Let the oldest finished connections go: those over the limit in number, or finished FINISHED_KEEP ago.

    One that spoke again after its end (a forged reset that nobody believed) is alive and leaves the queue, unless
    another connection has taken its place.
    """
    slot: cython.longlong
    b: cython.longlong
    while g[G_OLDEST] >= 0:
        slot = g[G_OLDEST]
        b = slot * WIDTH
        if g[G_FINISHED] <= keep and now - t[b + C_FINISHED] < FINISHED_KEEP:
            fetch_oldest(t, heads, slot)  # they are the next to go, and their rows the next to be filled
            return
        g[G_OLDEST] = t[b + C_QUEUE]
        if g[G_OLDEST] < 0:
            g[G_NEWEST] = -1
        g[G_FINISHED] -= 1
        if (
            t[b + C_BUCKET] >= 0
            and t[b + C_LAST_TIME] > t[b + C_FINISHED] + STILL_ALIVE
            and now - t[b + C_LAST_TIME] < FINISHED_KEEP
        ):
            t[b + C_USED] = 1
            t[b + C_FINISHED] = 0
            g[G_LIVE] += 1
        else:
            release(t, heads, log, g, slot)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def finish(
    t: cython.longlong[::1],
    g: cython.longlong[::1],
    slot: cython.longlong,
    now: cython.longlong,
) -> cython.void:
    """Queue a connection as finished."""
    b: cython.longlong = slot * WIDTH
    if t[b + C_USED] == 2:
        return
    t[b + C_USED] = 2
    t[b + C_FINISHED] = now
    t[b + C_QUEUE] = -1
    if g[G_NEWEST] >= 0:
        t[g[G_NEWEST] * WIDTH + C_QUEUE] = slot
    else:
        g[G_OLDEST] = slot
    g[G_NEWEST] = slot
    g[G_LIVE] -= 1
    g[G_FINISHED] += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def take_slot(
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    log: cython.longlong[::1],
    g: cython.longlong[::1],
    now: cython.longlong,
) -> cython.longlong:
    """A free slot; when there is none, that of the longest idle of the next 64 live connections."""
    slot: cython.longlong = g[G_FREE]
    size: cython.longlong = t.shape[0] // WIDTH
    if slot >= 0:
        g[G_FREE] = t[slot * WIDTH + C_NEXT]
        return slot
    if g[G_HIGH] < size:
        slot = g[G_HIGH]
        g[G_HIGH] += 1
        return slot
    if g[G_FINISHED] > 0:
        expire(t, heads, log, g, now, g[G_FINISHED] - 1)
        if g[G_FREE] >= 0:
            slot = g[G_FREE]
            g[G_FREE] = t[slot * WIDTH + C_NEXT]
            return slot
    best: cython.longlong = -1
    tried: cython.longlong = 0
    hand: cython.longlong = g[G_HAND]
    while tried < 64 or best < 0:
        hand += 1
        if hand >= size:
            hand = 0
        tried += 1
        if t[hand * WIDTH + C_USED] != 1:
            if tried > size:
                break
            continue
        if best < 0 or t[hand * WIDTH + C_LAST_TIME] < t[best * WIDTH + C_LAST_TIME]:
            best = hand
    g[G_HAND] = hand
    g[G_EVICTED] += 1
    g[G_LIVE] -= 1
    release(t, heads, log, g, best)
    slot = g[G_FREE]
    g[G_FREE] = t[slot * WIDTH + C_NEXT]
    return slot


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def clear(t: cython.longlong[::1], b: cython.longlong) -> cython.void:
    """An empty row: 0 for times, counts and frames, -1 for what is unknown. An empty ring needs no clearing."""
    i: cython.Py_ssize_t
    d: cython.longlong
    side: cython.longlong
    for i in range(C_COUNT):
        t[b + i] = 0
    t[b + C_RESET_LAST] = -1
    t[b + C_DATA_SIDE] = -1
    t[b + C_FOREIGN_ACK] = -1
    t[b + C_OLD_STREAM] = -1
    t[b + C_OLD_CLIENT_NXT] = -1
    t[b + C_OLD_ISN] = -1
    for side in range(2):
        d = b + SIDE_A + side * SIDE
        for i in range(D_COUNT):
            t[d + i] = 0
        t[d + D_NXT] = -1
        t[d + D_ACKED] = -1
        t[d + D_ACK_SENT] = -1
        t[d + D_WINDOW] = -1
        t[d + D_WINDOW_MAX] = -1
        t[d + D_SHIFT] = -1
        t[d + D_EDGE] = -1
        t[d + D_EDGE_ACK] = -1
        t[d + D_RETRANS_SEQ] = -1
        t[d + D_FIN_SEQ] = -1
        t[d + D_ISN] = -1
        t[d + D_SYN_TTL] = -1
        t[d + D_SYN_ID] = -1
        t[d + D_SYN_OPTIONS] = -1
        t[d + D_SYN_WINDOW] = -1
        t[d + D_WSCALE] = -1
        t[d + D_TTL] = -1
        t[d + D_TTL_MIN] = -1
        t[d + D_TTL_MAX] = -1
        t[d + D_ID] = -1
        t[d + D_FLOW] = -1
        t[d + D_LINK] = -1
        t[d + D_TS_LAST] = -1
        t[d + D_ALERT] = -1
        t[d + D_STATUS] = -1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def give_way(
    t: cython.longlong[::1],
    heads: cython.longlong[::1],
    x: cython.longlong[::1],
    g: cython.longlong[::1],
    slot: cython.longlong,
    time: cython.longlong,
) -> cython.void:
    """Take a connection out of the hash table, for another one has its 4-tuple; the queue releases its slot later."""
    size: cython.longlong = x.shape[0] // X_COUNT
    last: cython.longlong = t[slot * WIDTH + C_RESET_LAST]
    at: cython.longlong
    if last >= g[G_FLUSHED]:
        at = X_SYN_AFTER * size + last % (size - PADDING)
        if x[at] == 0:
            x[at] = time
    if t[slot * WIDTH + C_USED] == 1:
        finish(t, g, slot, time)
    unlink(t, heads, slot)
    t[slot * WIDTH + C_BUCKET] = -1
