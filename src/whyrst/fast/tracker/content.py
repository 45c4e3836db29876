# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""What the data of a segment is."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_name(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    b: cython.longlong,
    g: cython.longlong[::1],
    buffer: cython.const[cython.uchar][::1],
    seen_names: cython.longlong[::1],
    names: cython.longlong[:, ::1],
) -> cython.void:
    """The name of the server that a connection asks for, as a hash; names not met lately are reported."""
    j: cython.Py_ssize_t
    h: cython.ulonglong = FNV_START
    name: cython.longlong
    for j in range(rows[o + S_NAME_AT], rows[o + S_NAME_AT] + rows[o + S_NAME_LENGTH]):
        h = ((h ^ buffer[j]) * FNV_PRIME) & M64
    name = cython.cast(cython.longlong, h >> 1)
    t[b + C_NAME] = name
    if seen_names[name & (seen_names.shape[0] - 1)] != name and g[G_NAMES] < names.shape[0]:
        seen_names[name & (seen_names.shape[0] - 1)] = name
        names[g[G_NAMES], 0] = name
        names[g[G_NAMES], 1] = rows[o + S_NAME_AT]
        names[g[G_NAMES], 2] = rows[o + S_NAME_LENGTH]
        g[G_NAMES] += 1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_data(
    rows: cython.longlong[::1],
    o: cython.Py_ssize_t,
    t: cython.longlong[::1],
    d: cython.longlong,
    repeated: cython.longlong,
) -> cython.void:
    """What the data of a segment is."""
    kind: cython.longlong = rows[o + S_KIND]
    t[d + D_DATA_TIME] = rows[o + S_TIME]
    t[d + D_DATA_FRAME] = rows[o + S_FRAME]
    if t[d + D_FIRST_DATA] == 0:
        t[d + D_FIRST_DATA] = rows[o + S_TIME]
        t[d + D_FIRST_DATA_FRAME] = rows[o + S_FRAME]
        t[d + D_FIRST_KIND] = kind
    t[d + D_LAST_KIND] = kind
    if kind == K_TLS_ALERT:
        t[d + D_ALERT] = rows[o + S_KIND_INFO] if rows[o + S_KIND_INFO] >= 0 else -2
        t[d + D_ALERT_FRAME] = rows[o + S_FRAME]
    elif kind == K_HTTP_REQUEST:
        if repeated == 0:
            t[d + D_REQUESTS] += 1
    elif kind == K_HTTP_RESPONSE:
        if repeated == 0:
            t[d + D_ANSWERS] += 1
        t[d + D_STATUS] = rows[o + S_KIND_INFO]
