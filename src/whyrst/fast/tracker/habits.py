# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Habits of a segment's sender, and its latest segments."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def follow_habits(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
) -> cython.void:
    """Habits of the sender: TTL, IP ID, timestamps, checksums."""
    ttl: cython.longlong = rows[o + S_TTL]
    ip_id: cython.longlong = rows[o + S_IP_ID]
    step: cython.longlong
    if ttl != t[d + D_TTL]:
        t[d + D_TTL] = ttl
        if t[d + D_TTL_MIN] < 0 or ttl < t[d + D_TTL_MIN]:
            t[d + D_TTL_MIN] = ttl
        if ttl > t[d + D_TTL_MAX]:
            t[d + D_TTL_MAX] = ttl
    if ip_id == 0:
        t[d + D_ID_ZERO] += 1
    elif ip_id > 0:
        if t[d + D_ID] >= 0:
            step = (ip_id - t[d + D_ID]) & 0xFFFF
            if step >= 1 and step <= 64:
                t[d + D_ID_STEPS] += 1
            else:
                t[d + D_ID_JUMPS] += 1
        t[d + D_ID] = ip_id
    t[d + D_FLOW] = rows[o + S_FLOW]
    t[d + D_LINK] = rows[o + S_LINK_SRC]
    if rows[o + S_TSVAL] >= 0:
        t[d + D_TS_WITH] += 1
        t[d + D_TS_LAST] = rows[o + S_TSVAL]
        t[d + D_TS_TIME] = rows[o + S_TIME]
    elif (rows[o + S_FLAGS] & 0x02) == 0:
        t[d + D_TS_WITHOUT] += 1
    if (rows[o + S_QUALITY] & 0x30) != 0:
        t[d + D_UNSUMMED] += 1
    t[d + D_PACKETS] += 1
    t[d + D_LAST_TIME] = rows[o + S_TIME]
    t[d + D_LAST_FRAME] = rows[o + S_FRAME]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def keep_in_ring(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    gap: cython.longlong,
    seen: cython.longlong,
) -> cython.void:
    """Keep a segment among its sender's latest."""
    at: cython.longlong = d + D_COUNT + (t[d + D_RING] & LAST_IN_RING) * R_COUNT
    what: cython.longlong = rows[o + S_FLAGS] | rows[o + S_FRAME] << 9 | rows[o + S_TOS] << 40
    t[at + R_TIME] = rows[o + S_TIME]
    t[at + R_WHAT] = what | rows[o + S_KIND] << 48 | seen << 53
    t[at + R_SEQ] = rows[o + S_SEQ] | rows[o + S_LENGTH] << 32
    t[at + R_ACK] = rows[o + S_ACK] | rows[o + S_TTL] << 32 | (rows[o + S_IP_ID] + 1) << 40
    t[at + R_GAP] = gap
    t[d + D_RING] += 1
