# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403 - some two hundred numbers, all of one file
"""Numbers in network order."""

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
    """Give four bytes in network order."""
    return (u16(buf, at) << 16) | u16(buf, at + 2)
