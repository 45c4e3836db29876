# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""What stands behind an Ethertype, and behind an IP header."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.headers.links import snap, wlan
from whyrst.fast.headers.numbers import entered, mac, short_of, u16
from whyrst.fast.headers.tunnels import datagram, gre, labels


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def next_layer(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    step: cython.longlong,
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
) -> cython.longlong:
    """Remove one layer that stands before IP."""
    lack: cython.longlong
    kind: cython.longlong
    if step == ETHERNET:
        lack = short_of(at, 14, end, limit)
        if lack < 0:
            return lack
        flat[base + S_LINK_SRC] = mac(buf, at + 6)
        kind = u16(buf, at + 12)
        return ((at + 14) << 16) | (kind if kind >= 0x600 else LLC)
    if step == 0x8100 or step == 0x88A8 or step == 0x9100 or step == 0x9200:  # IEEE 802.1Q, 802.1ad, older QinQ
        lack = short_of(at, 4, end, limit)
        if lack < 0:
            return lack
        if not entered(flat, base, IN_VLAN):
            return DEEP
        kind = u16(buf, at + 2)
        return ((at + 4) << 16) | (kind if kind >= 0x600 else LLC)
    if step == RAW:
        lack = short_of(at, 1, end, limit)
        if lack < 0:
            return lack
        kind = buf[at] >> 4
        return (at << 16) | IPV4 if kind == 4 else (at << 16) | IPV6 if kind == 6 else NOT_IP
    if step == 0x8847 or step == 0x8848:
        if not entered(flat, base, IN_MPLS):
            return DEEP
        return labels(buf, at, end, limit)
    if step == 0x8864:  # PPPoE session (RFC 2516 section 4): version and type, code, session, length
        lack = short_of(at, 6, end, limit)
        if lack < 0:
            return lack
        if buf[at] != 0x11 or buf[at + 1] != 0:
            return NOT_IP
        return ((at + 6) << 16) | PPP if entered(flat, base, IN_PPPOE) else DEEP
    if step == PPP:  # RFC 1661 section 2 and RFC 1662: address and control may be left out, and the first protocol byte
        if end - at >= 2 and u16(buf, at) == 0xFF03:
            at += 2
        lack = short_of(at, 2, end, limit)
        if lack < 0:
            return lack
        kind = u16(buf, at)
        at += 2
        if kind & 0x100:
            kind >>= 8
            at -= 1
        if kind == 0x21:
            return (at << 16) | IPV4
        if kind == 0x57:
            return (at << 16) | IPV6
        return (at << 16) | 0x8847 if kind == 0x281 or kind == 0x283 else NOT_IP
    if step == LLC:
        lack = short_of(at, 3, end, limit)
        if lack < 0:
            return lack
        if buf[at] == 0xAA and buf[at + 1] == 0xAA and buf[at + 2] == 0x03:
            return snap(buf, at + 3, end, limit)
        return ((at + 3) << 16) | RAW if buf[at] == 0x06 and buf[at + 2] == 0x03 else NOT_IP
    return wlan(buf, flat, base, at, end, limit) if step == WLAN else NOT_IP


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def next_protocol(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    protocol: cython.longlong,
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
) -> cython.longlong:
    """Remove the tunnel that IP carries, by its protocol number; authentication headers may stand before TCP too."""
    six: cython.bint = (flat[base + S_IP_FLAGS] & IP_V6) != 0
    lack: cython.longlong
    while protocol == 51:  # AH (RFC 4302 section 2): next header, length in words less 2
        lack = short_of(at, 12, end, limit)
        if lack < 0:
            return lack
        if not entered(flat, base, IN_AH):
            return DEEP
        protocol = buf[at]
        at += (buf[at + 1] + 2) << 2
        if at > limit:
            return MALFORMED
    if protocol == 6:
        return (at << 16) | TCP
    if protocol == 17:
        return datagram(buf, flat, base, at, end, limit)
    if protocol == 4:
        return (at << 16) | IPV4 if entered(flat, base, IN_SIT if six else IN_IPIP) else DEEP
    if protocol == 41:
        return (at << 16) | IPV6 if entered(flat, base, IN_IPIP if six else IN_SIT) else DEEP
    if protocol == 47:
        return gre(buf, flat, base, at, end, limit)
    if protocol == 137:  # MPLS in IP (RFC 4023)
        return (at << 16) | 0x8847
    return NOT_TCP
