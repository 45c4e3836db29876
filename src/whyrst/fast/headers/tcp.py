# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""The TCP header's options and checksum."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.headers.numbers import u16, u32


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def options(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
) -> cython.longlong:
    """Read TCP options (RFC 9293 section 3.1) up to `stop`, the header's end; `end` is that of the captured bytes.

    Gives `Opt` and writes the cells of the options that are there. Cut options end the list.
    """
    found: cython.longlong = 0
    kind: cython.longlong
    size: cython.longlong
    end = min(end, stop)
    while at < end:
        kind = buf[at]
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        if at + 1 >= stop:
            return found | HAS_BROKEN
        if at + 1 >= end:
            break
        size = buf[at + 1]
        if size < 2 or at + size > stop:
            return found | HAS_BROKEN
        if at + size > end:
            break
        if kind == 8 and size == 10:  # RFC 7323 section 3
            found |= HAS_TIMESTAMPS
            flat[base + S_TSVAL] = u32(buf, at + 2)
            flat[base + S_TSECR] = u32(buf, at + 6)
        elif kind == 2 and size == 4:
            found |= HAS_MSS
            flat[base + S_MSS] = u16(buf, at + 2)
        elif kind == 3 and size == 3:  # RFC 7323 section 2
            found |= HAS_WSCALE
            flat[base + S_WSCALE] = buf[at + 2]
        elif kind == 4 and size == 2:
            found |= HAS_SACK_OK
        elif kind == 5:
            found |= HAS_SACK
        elif kind == 19:
            found |= HAS_MD5
        elif kind == 29:
            found |= HAS_AO
        elif kind == 34 or (kind == 254 and size >= 4 and u16(buf, at + 2) == 0xF989):  # RFC 7413, and before it
            found |= HAS_FAST_OPEN
        elif kind == 30 and size >= 3:  # RFC 8684 section 3: the subtype is the high half of the first byte
            found |= HAS_MPTCP
            kind = buf[at + 2] >> 4
            flat[base + S_MPTCP] = max(flat[base + S_MPTCP], 0) | (1 << kind)
            if kind == 8 and size >= 4:
                flat[base + S_MPTCP_REASON] = ((buf[at + 2] & 0xF) << 8) | buf[at + 3]
        else:
            found |= HAS_OTHER
        at += size
    return found


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def checksum(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
) -> cython.longlong:
    """Verify the checksum of a segment without payload (RFC 9293 section 3.1; RFC 8200 section 8.1): 0 or `Quality`."""
    pseudo: cython.longlong = 6 + size
    total: cython.longlong = 0
    i: cython.Py_ssize_t
    low: cython.longlong
    for i in range(0, size, 2):
        total += u16(buf, at + i)
    low = flat[base + S_SRC_LO]
    pseudo += (low & 0xFFFF) + ((low >> 16) & 0xFFFF)
    low = flat[base + S_DST_LO]
    pseudo += (low & 0xFFFF) + ((low >> 16) & 0xFFFF)
    if flat[base + S_IP_FLAGS] & IP_V6:
        pseudo += ((flat[base + S_SRC_LO] >> 32) & 0xFFFF) + ((flat[base + S_SRC_LO] >> 48) & 0xFFFF)
        pseudo += ((flat[base + S_DST_LO] >> 32) & 0xFFFF) + ((flat[base + S_DST_LO] >> 48) & 0xFFFF)
        for i in range(0, 64, 16):
            pseudo += ((flat[base + S_SRC_HI] >> i) & 0xFFFF) + ((flat[base + S_DST_HI] >> i) & 0xFFFF)
    total += pseudo
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    if total == 0xFFFF:
        return 0
    pseudo = (pseudo & 0xFFFF) + (pseudo >> 16)
    pseudo = (pseudo & 0xFFFF) + (pseudo >> 16)
    return Q_PARTIAL_CHECKSUM if pseudo == u16(buf, at + 16) else Q_BAD_CHECKSUM
