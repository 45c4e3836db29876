"""x."""
from __future__ import annotations

import cython

from whyrst.fast.layout import Seg

SEQ = cython.declare(cython.Py_ssize_t, Seg.SEQ)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def u16(buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t) -> cython.longlong:
    return (buf[at] << 8) | buf[at + 1]


def total(buf: cython.const[cython.uchar][::1], rows: cython.longlong[:, ::1]) -> cython.longlong:
    i: cython.Py_ssize_t
    s: cython.longlong = 0
    for i in range(rows.shape[0]):
        rows[i, SEQ] = u16(buf, i)
        s += rows[i, SEQ]
    return s
