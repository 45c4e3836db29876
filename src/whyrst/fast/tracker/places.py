# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Where connections stand in the table, and how a segment finds its own."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *

if not cython.compiled:

    def prefetch(_place: object) -> None:
        """Have the processor fetch a line of memory; `compiled/tracker.pxd` tells the C compiler's name for it."""


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def bucket(
    alo: cython.longlong,
    ahi: cython.longlong,
    aport: cython.longlong,
    blo: cython.longlong,
    bhi: cython.longlong,
    bport: cython.longlong,
    mask: cython.longlong,
) -> cython.longlong:
    """Hash bucket of a 4-tuple, equal for both directions."""
    a: cython.ulonglong = ((alo ^ (ahi * 31)) + (aport << 32)) & M64
    b: cython.ulonglong = ((blo ^ (bhi * 31)) + (bport << 32)) & M64
    a = (a ^ (a >> 29)) & M64
    b = (b ^ (b >> 29)) & M64
    h: cython.ulonglong = (a + b) & M64
    h = (h * MIX_A) & M64
    h = h ^ ((a ^ b) & M64)
    h = (h * MIX_B) & M64
    return cython.cast(cython.longlong, (h >> 33)) & mask


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fetch_bucket(
    rows: cython.longlong[::1],
    i: cython.Py_ssize_t,
    heads: cython.longlong[::1],
    near: cython.longlong[::1],
) -> cython.void:
    """Note the bucket of a segment that comes soon, and have the processor fetch it."""
    o: cython.Py_ssize_t = i * S_COUNT
    head: cython.longlong = bucket(
        rows[o + S_SRC_LO], rows[o + S_SRC_HI], rows[o + S_SPORT],
        rows[o + S_DST_LO], rows[o + S_DST_HI], rows[o + S_DPORT], heads.shape[0] - 1,
    )  # fmt: skip
    near[i & NEAR] = head
    if cython.compiled:
        prefetch(cython.address(heads[head]))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fetch_row(t: cython.longlong[::1], slot: cython.longlong) -> cython.void:
    """Have the processor fetch a connection, as far as an ordinary segment touches it."""
    i: cython.longlong
    b: cython.longlong = slot * WIDTH
    if cython.compiled and slot >= 0:
        for i in range(0, 24, 8):
            prefetch(cython.address(t[b + i]))
        for i in range(0, 40, 8):
            prefetch(cython.address(t[b + SIDE_A + i]))
            prefetch(cython.address(t[b + SIDE_B + i]))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fetch_ring(
    rows: cython.longlong[::1], i: cython.Py_ssize_t, t: cython.longlong[::1], slot: cython.longlong
) -> cython.void:
    """Have the processor fetch the latest segment of a sender in its ring, and where the next one will stand."""
    o: cython.Py_ssize_t = i * S_COUNT
    d: cython.longlong = slot * WIDTH
    if cython.compiled and slot >= 0:
        d += SIDE_A if t[d + C_PORTS] == rows[o + S_SPORT] << 16 | rows[o + S_DPORT] else SIDE_B
        prefetch(cython.address(t[d + D_COUNT + ((t[d + D_RING] - 1) & LAST_IN_RING) * R_COUNT]))
        prefetch(cython.address(t[d + D_COUNT + (t[d + D_RING] & LAST_IN_RING) * R_COUNT + R_COUNT - 1]))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fetch_oldest(t: cython.longlong[::1], heads: cython.longlong[::1], slot: cython.longlong) -> cython.void:
    """Have the processor fetch the bucket of a finished connection, and all cells of the one that finished after it."""
    i: cython.longlong
    head: cython.longlong = t[slot * WIDTH + C_BUCKET]
    after: cython.longlong = t[slot * WIDTH + C_QUEUE]
    if cython.compiled and head >= 0:
        prefetch(cython.address(heads[head]))
    if cython.compiled and after >= 0:
        for i in range(0, WIDTH, 8):
            prefetch(cython.address(t[after * WIDTH + i]))


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def find(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    slot: cython.longlong,
) -> cython.longlong:
    """A segment's connection among those of its bucket, from `slot` on: slot << 1 | side of its sender, -1 if none."""
    b: cython.longlong
    shi: cython.longlong = rows[o + S_SRC_HI]
    slo: cython.longlong = rows[o + S_SRC_LO]
    dhi: cython.longlong = rows[o + S_DST_HI]
    dlo: cython.longlong = rows[o + S_DST_LO]
    forth: cython.longlong = rows[o + S_SPORT] << 16 | rows[o + S_DPORT]
    back: cython.longlong = rows[o + S_DPORT] << 16 | rows[o + S_SPORT]
    while slot >= 0:
        b = slot * WIDTH
        if (
            t[b + C_PORTS] == forth
            and t[b + C_CLIENT_LO] == slo
            and t[b + C_SERVER_LO] == dlo
            and t[b + C_CLIENT_HI] == shi
            and t[b + C_SERVER_HI] == dhi
        ):
            return slot << 1
        if (
            t[b + C_PORTS] == back
            and t[b + C_CLIENT_LO] == dlo
            and t[b + C_SERVER_LO] == slo
            and t[b + C_CLIENT_HI] == dhi
            and t[b + C_SERVER_HI] == shi
        ):
            return slot << 1 | 1
        slot = t[b + C_NEXT]
    return -1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def unlink(t: cython.longlong[::1], heads: cython.longlong[::1], slot: cython.longlong) -> cython.void:
    """Take a slot out of its hash bucket."""
    at: cython.longlong
    b: cython.longlong = slot * WIDTH
    head: cython.longlong = t[b + C_BUCKET]
    if head < 0:
        return
    at = heads[head]
    if at == slot:
        heads[head] = t[b + C_NEXT]
        return
    while at >= 0:
        if t[at * WIDTH + C_NEXT] == slot:
            t[at * WIDTH + C_NEXT] = t[b + C_NEXT]
            return
        at = t[at * WIDTH + C_NEXT]
