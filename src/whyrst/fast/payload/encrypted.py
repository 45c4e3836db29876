# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""TLS records."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.payload.names import server_name
from whyrst.fast.payload.numbers import u16


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def tls(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
) -> cython.longlong:
    """Name a TLS record (RFC 8446 section 5.1; RFC 5246 section 6.2) by its five-byte header and what follows it."""
    size: cython.longlong
    first: cython.longlong = buf[at]
    if have < 5 or buf[at + 1] != 3 or buf[at + 2] > 4:
        return K_OTHER
    size = u16(buf, at + 3)
    if size == 0 or size > 16384 + 2048:
        return K_OTHER
    if first == 0x17:
        return K_TLS_DATA
    if first == 0x14:
        return K_TLS_CCS if size == 1 and (have < 6 or buf[at + 5] == 1) else K_OTHER
    if first == 0x15:
        if size < 2:
            return K_OTHER
        if size == 2 and have >= 7 and (buf[at + 5] == 1 or buf[at + 5] == 2):
            flat[base + S_KIND_INFO] = u16(buf, at + 5)
        return K_TLS_ALERT
    if have >= 11 and size >= 38 and buf[at + 9] == 3 and buf[at + 10] <= 4:
        if buf[at + 5] == 1:
            server_name(buf, flat, base, at + 5, at + min(have, 5 + size))
            return K_TLS_CLIENT_HELLO
        if buf[at + 5] == 2:
            return K_TLS_SERVER_HELLO
    return K_TLS_HANDSHAKE
