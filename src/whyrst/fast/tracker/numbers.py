# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Sequence numbers."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def ahead(a: cython.longlong, b: cython.longlong) -> cython.longlong:
    """Signed distance from sequence number b to a, RFC 9293 section 3.4."""
    d: cython.longlong = (a - b) & M32
    if d >= HALF:
        d -= WHOLE
    return d
