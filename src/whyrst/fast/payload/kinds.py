# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""The loop over segments."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.payload.binary import binary, mysql, zero_first
from whyrst.fast.payload.encrypted import tls
from whyrst.fast.payload.numbers import u16
from whyrst.fast.payload.text import letters, redis, reply


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def recognise(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
) -> cython.longlong:
    """Give the `Kind` of the `have` bytes (at least one) at `at`; writes the row's information and name cells."""
    first: cython.longlong = buf[at]
    kind: cython.longlong = K_OTHER
    length: cython.longlong = flat[base + S_LENGTH]
    sport: cython.longlong = flat[base + S_SPORT]
    dport: cython.longlong = flat[base + S_DPORT]
    if 0x14 <= first <= 0x17:
        kind = tls(buf, flat, base, at, have)
    elif 0x41 <= first <= 0x5A:
        kind = letters(buf, flat, base, at, have)
    elif first == 0:
        kind = zero_first(buf, flat, base, at, have, length)
    elif 0x31 <= first <= 0x35:
        kind = reply(buf, flat, base, at, have)
    elif first == 0x2A or first == 0x24 or first == 0x2B or first == 0x2D or first == 0x3A:
        kind = redis(buf, at, have, length, sport == 6379 or dport == 6379)
    elif first == 0x03 or first == 0x30 or first == 0xFF or first == 0x10 or first == 0x0D:
        kind = binary(buf, flat, base, at, have, length)
    if kind != K_OTHER:
        return kind
    if sport == 53 or dport == 53:  # RFC 1035 section 4.2.2: length, then a header with few questions
        return K_DNS if have >= 14 and 12 <= u16(buf, at) <= length - 2 and u16(buf, at + 6) <= 4 else K_OTHER
    return mysql(buf, flat, base, at, have, length)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1)
def label(buffer: cython.const[cython.uchar][::1], flat: cython.longlong[::1], n: cython.Py_ssize_t) -> cython.int:
    """Do what `classify` says; `flat` are the rows, one cell after the other."""
    size: cython.Py_ssize_t = buffer.shape[0]
    i: cython.Py_ssize_t
    base: cython.Py_ssize_t
    at: cython.Py_ssize_t
    have: cython.Py_ssize_t
    for i in range(n):
        base = i * S_COUNT
        flat[base + S_KIND_INFO] = -1
        flat[base + S_NAME_AT] = 0
        flat[base + S_NAME_LENGTH] = 0
        if flat[base + S_LENGTH] == 0:
            flat[base + S_KIND] = K_NONE
            continue
        at = flat[base + S_PAYLOAD_AT]
        have = flat[base + S_PAYLOAD_HAVE]
        if have <= 0 or at < 0 or at > size - have:
            flat[base + S_KIND] = K_HIDDEN
        else:
            flat[base + S_KIND] = recognise(buffer, flat, base, at, have)
    return 0


def classify(buffer: cython.const[cython.uchar][::1], rows: cython.longlong[:, ::1], n: cython.Py_ssize_t) -> None:
    """Write `Seg.KIND`, `KIND_INFO`, `NAME_AT` and `NAME_LENGTH` of the first `n` rows.

    Args:
        buffer: The bytes that `Seg.PAYLOAD_AT` points into.
        rows: Segments; ports, LENGTH, PAYLOAD_AT and PAYLOAD_HAVE must be there already.
        n: How many rows.
    """
    flat: cython.longlong[::1] = memoryview(rows).cast("B").cast("q")
    n = min(n, rows.shape[0])
    with cython.nogil:
        label(buffer, flat, n)
