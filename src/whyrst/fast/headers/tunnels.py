# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Tunnels: MPLS, GRE, and those in UDP."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.headers.numbers import entered, short_of, u16, u32


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def labels(
    buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t, limit: cython.Py_ssize_t
) -> cython.longlong:
    """Remove an MPLS label stack (RFC 3032); what follows is not named there and told by its first four bits."""
    lack: cython.longlong
    last: cython.longlong = 0
    kind: cython.longlong
    while not last:
        lack = short_of(at, 4, end, limit)
        if lack < 0:
            return lack
        last = buf[at + 2] & 1
        at += 4
    lack = short_of(at, 1, end, limit)
    if lack < 0:
        return lack
    kind = buf[at] >> 4
    if kind == 4:
        return (at << 16) | IPV4
    if kind == 6:
        return (at << 16) | IPV6
    # A pseudowire (RFC 4448): Ethernet, behind a control word of which the first four bits are 0, or without one.
    if kind == 0:
        lack = short_of(at, 18, end, limit)
        if lack < 0:
            return lack
        kind = u16(buf, at + 12)
        if u32(buf, at) == 0 or (kind != IPV4 and kind != IPV6 and kind != 0x8100 and kind != 0x0806):
            at += 4
    return (at << 16) | ETHERNET


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def gre(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
) -> cython.longlong:
    """Remove a GRE header: RFC 2784 and 2890, version 1 of PPTP (RFC 2637 section 4.1), and ERSPAN inside."""
    bits: cython.longlong
    kind: cython.longlong
    lack: cython.longlong = short_of(at, 4, end, limit)
    if lack < 0:
        return lack
    bits = u16(buf, at)
    kind = u16(buf, at + 2)
    if bits & 7 == 1:
        if kind != 0x880B or not bits & 0x1000:  # without a sequence number there is no payload
            return NOT_TCP
        if not entered(flat, base, IN_GRE):
            return DEEP
        return ((at + (16 if bits & 0x80 else 12)) << 16) | PPP
    if bits & 0x4007:  # another version, or source routes
        return NOT_TCP
    at += 4 + (4 if bits & 0x8000 else 0) + (4 if bits & 0x2000 else 0) + (4 if bits & 0x1000 else 0)
    if kind == 0x88BE or kind == 0x22EB:
        if not entered(flat, base, IN_ERSPAN):
            return DEEP
        if kind == 0x88BE:  # type I has no sequence number and no header of its own, type II has 8 bytes
            return ((at + 8 if bits & 0x1000 else at) << 16) | ETHERNET
        lack = short_of(at, 12, end, limit)
        if lack < 0:
            return lack
        bits = u16(buf, at + 10)  # type III: frame type in bits 10 to 14, last bit: eight more bytes
        at += 20 if bits & 1 else 12
        bits = (bits >> 10) & 0x1F
        return (at << 16) | ETHERNET if bits == 0 else (at << 16) | RAW if bits == 2 else NOT_TCP
    if kind == 0x6558:
        kind = ETHERNET
    elif kind == 0x880B:
        kind = PPP
    elif 0x8200 <= kind <= 0x8370:  # Aruba's access points
        kind = WLAN
    elif kind < 0x600:
        return NOT_TCP
    return (at << 16) | kind if entered(flat, base, IN_GRE) else DEEP


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def datagram(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
) -> cython.longlong:
    """Remove a tunnel that UDP carries, by its destination port and the fixed bits of its header."""
    port: cython.longlong
    kind: cython.longlong
    more: cython.longlong
    if end - at < 8:
        return NOT_TCP
    port = u16(buf, at + 2)
    at += 8
    if port == 4789 or port == 8472:  # VXLAN (RFC 7348 section 5), flag I; the last byte is 0
        if end - at < 8:
            return ENDS_EARLY if limit - at >= 8 else NOT_TCP
        if not buf[at] & 0x08 or buf[at + 7] != 0:
            return NOT_TCP
        return ((at + 8) << 16) | ETHERNET if entered(flat, base, IN_VXLAN) else DEEP
    if port == 6081:  # Geneve (RFC 8926 section 3.4): version 0, options in words, reserved bits, Ethertype
        if end - at < 8:
            return ENDS_EARLY if limit - at >= 8 else NOT_TCP
        kind = u16(buf, at + 2)
        if buf[at] & 0xC0 or buf[at + 1] & 0x3F or buf[at + 7] != 0 or kind < 0x600:
            return NOT_TCP
        at += 8 + ((buf[at] & 0x3F) << 2)
        if at > limit:
            return NOT_TCP
        return (at << 16) | (ETHERNET if kind == 0x6558 else kind) if entered(flat, base, IN_GENEVE) else DEEP
    if port != 2152:
        return NOT_TCP
    # GTP-U version 1 (3GPP TS 29.281 section 5): only message 255 carries a packet of the user.
    if end - at < 8:
        return ENDS_EARLY if limit - at >= 8 else NOT_TCP
    if buf[at] & 0xF0 != 0x30 or buf[at + 1] != 255:
        return NOT_TCP
    more = buf[at] & 7
    at += 8
    if more:
        if end - at < 4:
            return ENDS_EARLY if limit - at >= 4 else NOT_TCP
        kind = buf[at + 3] if more & 4 else 0
        at += 4
        while kind != 0:  # extension headers (section 5.2): length in words, ..., next type
            if at >= end:
                return ENDS_EARLY if at < limit else NOT_TCP
            if buf[at] == 0:
                return NOT_TCP
            at += buf[at] << 2
            if at > end:
                return ENDS_EARLY if at <= limit else NOT_TCP
            kind = buf[at - 1]
    if at >= end:
        return ENDS_EARLY if at < limit else NOT_TCP
    kind = buf[at] >> 4
    if kind != 4 and kind != 6:
        return NOT_TCP
    return (at << 16) | (IPV4 if kind == 4 else IPV6) if entered(flat, base, IN_GTPU) else DEEP
