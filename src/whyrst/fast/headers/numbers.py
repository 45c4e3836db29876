# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Numbers in network order, and whether there are bytes for them."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def u16(buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t) -> cython.longlong:
    """Give two bytes in network order; the caller has checked that they are there."""
    return (buf[at] << 8) | buf[at + 1]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def u32(buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t) -> cython.longlong:
    """Give four bytes in network order, compiled by one read; the bounds of the first and the last byte are checked."""
    if cython.compiled:
        last: cython.longlong = buf[at + 3]
        return four(cython.address(buf[at])) | (last & 0)
    else:  # noqa: RET505 - Cython leaves it out
        return (u16(buf, at) << 16) | u16(buf, at + 2)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def i64(buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t) -> cython.longlong:
    """Give eight bytes in network order as a signed number, as a cell holds them."""
    high: cython.longlong = u32(buf, at)
    if high >= SIGN:
        high -= SIGN + SIGN
    return high * (SIGN + SIGN) + u32(buf, at + 4)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def mac(buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t) -> cython.longlong:
    """Give a MAC address as a number."""
    return (u16(buf, at) << 32) | u32(buf, at + 2)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def short_of(
    at: cython.Py_ssize_t, size: cython.Py_ssize_t, end: cython.Py_ssize_t, limit: cython.Py_ssize_t
) -> cython.longlong:
    """Give 0 when `size` bytes at `at` were captured, else why not: cut, or the outer length leaves no room."""
    if end - at >= size:
        return 0
    return ENDS_EARLY if limit - at >= size else MALFORMED


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def entered(flat: cython.longlong[::1], base: cython.Py_ssize_t, tunnel: cython.longlong) -> cython.bint:
    """Add a tunnel to the row's chain; False when the chain is full."""
    if flat[base + S_TUNNEL] >> FULL:
        return False
    flat[base + S_TUNNEL] = (flat[base + S_TUNNEL] << 4) | tunnel
    return True
