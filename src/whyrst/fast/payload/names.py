# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Server names that a client says: in TLS and in HTTP."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.payload.numbers import u16, u32


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def server_name(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
) -> cython.longlong:
    """Find the host_name (RFC 6066 section 3) of a ClientHello (RFC 8446 section 4.1.2) whose message starts at `at`.

    Gives 1 when the name's place was written to the row; a hello that goes on in another segment gives 0 unless the
    name came before.
    """
    stop: cython.Py_ssize_t
    size: cython.longlong
    at += 38  # message type and length, version, random
    if at >= end:
        return 0
    at += 1 + buf[at]  # session id
    if at > end - 2:
        return 0
    at += 2 + u16(buf, at)  # cipher suites
    if at >= end:
        return 0
    at += 1 + buf[at]  # compression methods
    if at > end - 2:
        return 0
    stop = at + 2 + u16(buf, at)
    stop = min(stop, end)
    at += 2
    while at <= stop - 4:
        size = u16(buf, at + 2)
        if u16(buf, at) == 0:
            if size < 6 or at > stop - 9 or buf[at + 6] != 0:
                return 0
            size = u16(buf, at + 7)
            if size == 0 or size > LONGEST_NAME or at + 9 + size > stop:
                return 0
            flat[base + S_NAME_AT] = at + 9
            flat[base + S_NAME_LENGTH] = size
            return 1
        at += 4 + size
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def host_header(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
) -> cython.longlong:
    """Find the value of an HTTP request's Host header (RFC 9110 section 7.2); 1 when its place was written."""
    end: cython.Py_ssize_t = at + min(have, HOST_WITHIN)
    start: cython.Py_ssize_t
    while at < end - 6:
        if buf[at] != 0x0A:
            at += 1
            continue
        at += 1
        if buf[at] == 0x0D or buf[at] == 0x0A:  # the empty line that ends the header
            return 0
        if (buf[at] | 0x20) != 0x68 or (u32(buf, at) | 0x20202020) != 0x686F7374 or buf[at + 4] != 0x3A:  # "host:"
            continue
        at += 5
        while at < end and (buf[at] == 0x20 or buf[at] == 0x09):
            at += 1
        start = at
        while at < end and buf[at] > 0x20:
            at += 1
        if at >= end or at == start or at - start > LONGEST_NAME:
            return 0
        flat[base + S_NAME_AT] = start
        flat[base + S_NAME_LENGTH] = at - start
        return 1
    return 0
