# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Further copies of one packet, as several interfaces or a mirror show them."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def is_copy(
    t: cython.longlong[::1],
    g: cython.longlong[::1],
    b: cython.longlong,
    d: cython.longlong,
    seq: cython.longlong,
    ack: cython.longlong,
    wanted: cython.longlong,
    ip_id: cython.longlong,
    ttl: cython.longlong,
    time: cython.longlong,
) -> cython.longlong:
    """Whether a segment is one more copy of a packet in the ring of its direction.

    2: proved by an equal IP ID (stacks count it up for every packet that may be fragmented, and routers and
    mirrors keep it), or by a TTL that is one lower, as behind a router whose interfaces were captured together,
    since a host's own repeat keeps it (RFC 1812 section 5.3.1). 1: equal in all that TCP sends, in a connection,
    or a capture, that shows every packet twice. 0: no. Resets without an ID need that company, because a host
    answers each of several segments with an equal reset (RFC 9293 section 3.5.2).
    """
    i: cython.longlong
    at: cython.longlong
    passed: cython.longlong
    n: cython.longlong = t[d + D_RING]
    looked: cython.longlong = 4 if n > 4 else n
    for i in range(looked):
        at = d + D_COUNT + ((n - 1 - i) & LAST_IN_RING) * R_COUNT
        passed = time - t[at + R_TIME]
        if passed < 0:
            passed = -passed
        if passed > COPY_WITHIN:
            return 0
        if t[at + R_SEQ] != seq or (t[at + R_ACK] & M32) != ack or (t[at + R_WHAT] & 0x1FF) != wanted:
            continue
        if (t[at + R_ACK] >> 40) != ip_id + 1:
            continue
        if ip_id > 0:
            return 2
        if (wanted & 0x04) == 0 and ttl > 0 and ((t[at + R_ACK] >> 32) & 0xFF) == ttl + 1:
            return 2
        if (wanted & 0x04) == 0 and passed < COPY_AT_ONCE and ((seq >> 32) > 0 or (wanted & 0x02) != 0):
            return 2
        if t[b + C_COPIES] * 3 >= t[b + C_PACKETS] or g[G_PROVEN] * 3 >= g[G_SEGMENTS] - g[G_PROVEN]:
            if t[b + C_COPIES] > 0 or g[G_PROVEN] > 0:
                return 1
    return 0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def passes_over(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    x: cython.longlong[::1],
    g: cython.longlong[::1],
    b: cython.longlong,
    d: cython.longlong,
) -> cython.bint:
    """Whether a segment is one more copy of a packet that was seen: counted, and no evidence of anything."""
    size: cython.longlong = x.shape[0] // X_COUNT
    flags: cython.longlong = rows[o + S_FLAGS]
    copy: cython.longlong
    if t[d + D_RING] == 0:
        return False
    copy = is_copy(
        t, g, b, d, rows[o + S_SEQ] | rows[o + S_LENGTH] << 32, rows[o + S_ACK], flags, rows[o + S_IP_ID],
        rows[o + S_TTL], rows[o + S_TIME],
    )  # fmt: skip
    if copy == 0:
        return False
    t[b + C_COPIES] += 1
    g[G_COPIES] += 1
    if copy == 2:
        g[G_PROVEN] += 1
    rows[o + S_QUALITY] |= 0x40
    if (flags & 0x04) != 0 and t[b + C_RESET_LAST] >= g[G_FLUSHED]:
        x[X_COPIES * size + t[b + C_RESET_LAST] % (size - PADDING)] += 1
    return True
