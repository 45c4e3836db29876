# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Link layers other than Ethernet."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.headers.numbers import mac, short_of, u16, u32


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def first_layer(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    link: cython.longlong,
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
) -> cython.longlong:
    """Remove a link layer other than Ethernet, by its LINKTYPE_ number (pcap-linktype(7)).

    Writes LINK_SRC, INTERFACE and QUALITY where the layer tells them.
    """
    lack: cython.longlong
    kind: cython.longlong
    if link == 1:
        return (at << 16) | ETHERNET
    if link == 101 or link == 12 or link == 14:  # RAW, and the two numbers that some systems' DLT_RAW leaked as
        return (at << 16) | RAW
    if link == 228:
        return (at << 16) | IPV4
    if link == 229:
        return (at << 16) | IPV6
    if link == 113:  # Linux "cooked" capture: packet type, ARPHRD_ type, address length, address (8), protocol
        lack = short_of(at, 16, end, limit)
        if lack < 0:
            return lack
        if u16(buf, at) == 4:
            flat[base + S_QUALITY] = Q_OUTGOING
        if u16(buf, at + 4) == 6:
            flat[base + S_LINK_SRC] = mac(buf, at + 6)
        kind = u16(buf, at + 14)
        at += 16
        if kind >= 0x600:
            return (at << 16) | kind
        return (at << 16) | LLC if kind == 4 else NOT_IP
    if link == 276:  # version 2: protocol, 2 unused, interface, ARPHRD_ type, packet type, address length, address (8)
        lack = short_of(at, 20, end, limit)
        if lack < 0:
            return lack
        flat[base + S_INTERFACE] = ((flat[base + S_INTERFACE] & 0x7FFFFFFF) << 32) | u32(buf, at + 4)
        if buf[at + 10] == 4:
            flat[base + S_QUALITY] = Q_OUTGOING
        if buf[at + 11] == 6:
            flat[base + S_LINK_SRC] = mac(buf, at + 12)
        kind = u16(buf, at)
        at += 20
        if kind >= 0x600:
            return (at << 16) | kind
        return (at << 16) | LLC if kind == 4 else NOT_IP
    if link == 0 or link == 108:  # BSD loopback: address family in the byte order of the host that captured
        lack = short_of(at, 4, end, limit)
        if lack < 0:
            return lack
        kind = u32(buf, at)
        if (kind & 0xFFFF) == 0:
            kind = (kind >> 24) | ((kind >> 8) & 0xFF00)
        at += 4
        if kind == 2:
            return (at << 16) | IPV4
        if kind == 10 or kind == 24 or kind == 28 or kind == 30:  # AF_INET6 of Linux, NetBSD, FreeBSD, Darwin
            return (at << 16) | IPV6
        return NOT_IP
    if link == 9:
        return (at << 16) | PPP
    if link == 105:
        return (at << 16) | WLAN
    if link == 127:  # radiotap: version, padding, length (little-endian)
        lack = short_of(at, 4, end, limit)
        if lack < 0:
            return lack
        return ((at + (buf[at + 2] | (buf[at + 3] << 8))) << 16) | WLAN
    if link == 51:
        return (at << 16) | 0x8864
    if link == 50 or link == 104:  # PPP in HDLC framing, or Cisco HDLC: address 0x0F or 0x8F, control, Ethertype
        lack = short_of(at, 4, end, limit)
        if lack < 0:
            return lack
        if buf[at] != 0x0F and buf[at] != 0x8F:
            return (at << 16) | PPP if link == 50 else NOT_IP
        kind = u16(buf, at + 2)
        return ((at + 4) << 16) | kind if kind >= 0x600 else NOT_IP
    if link == 107:
        return frame_relay(buf, at, end, limit)
    if link == 239:
        return nflog(buf, at, end, limit)
    return NO_LINK


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def frame_relay(
    buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t, limit: cython.Py_ssize_t
) -> cython.longlong:
    """Remove a Frame Relay header: RFC 2427 (control 3, NLPID) or Cisco's (Ethertype)."""
    start: cython.Py_ssize_t = at
    lack: cython.longlong
    while at < end and at - start < 4 and not buf[at] & 1:
        at += 1
    at += 1
    lack = short_of(at, 3, end, limit)
    if lack < 0:
        return lack
    if buf[at] != 0x03:
        return ((at + 2) << 16) | u16(buf, at) if buf[at] >= 6 else NOT_IP
    at += 1
    if buf[at] == 0:  # padding
        at += 1
    if buf[at] == 0xCC or buf[at] == 0x8E:
        return ((at + 1) << 16) | RAW
    if buf[at] == 0x80:
        return snap(buf, at + 1, end, limit)
    return NOT_IP


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def nflog(
    buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t, limit: cython.Py_ssize_t
) -> cython.longlong:
    """Find the payload (type 9) among the attributes of an NFLOG record; their byte order is the capturing host's."""
    start: cython.Py_ssize_t = at + 4
    low: cython.Py_ssize_t
    size: cython.longlong
    kind: cython.longlong
    lack: cython.longlong = short_of(at, 4, end, limit)
    if lack < 0:
        return lack
    for low in range(2):  # little-endian, then big-endian: an attribute's length read the wrong way is too large
        at = start
        while at <= end - 4:
            size = buf[at + low] | (buf[at + 1 - low] << 8)
            kind = buf[at + 2 + low] | (buf[at + 3 - low] << 8)
            if size < 4 or size > limit - at:
                break
            if kind & 0x7FFF == 9:
                return ((at + 4) << 16) | RAW
            at += ((size + 3) >> 2) << 2
    return ENDS_EARLY if end < limit else NOT_IP


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def snap(
    buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, end: cython.Py_ssize_t, limit: cython.Py_ssize_t
) -> cython.longlong:
    """Remove a SNAP header (IEEE 802): organisation 0 and an Ethertype."""
    lack: cython.longlong = short_of(at, 5, end, limit)
    if lack < 0:
        return lack
    if (u32(buf, at) >> 8) != 0 or buf[at + 3] < 6:
        return NOT_IP
    return ((at + 5) << 16) | u16(buf, at + 3)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def wlan(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    limit: cython.Py_ssize_t,
) -> cython.longlong:
    """Remove the header of an IEEE 802.11 data frame (section 9.3.2); other frames and encrypted ones hold no IP."""
    first: cython.longlong
    bits: cython.longlong
    size: cython.Py_ssize_t = 24
    lack: cython.longlong = short_of(at, 24, end, limit)
    if lack < 0:
        return lack
    first = buf[at]
    bits = buf[at + 1]
    if (first & 0x0F) != 0x08 or first & 0x40 or bits & 0x40:  # not data, data without a body, protected
        return NOT_IP
    if bits & 3 == 3:  # from one access point to another: a fourth address
        size += 6
    if first & 0x80:  # QoS control, then HT control if the order bit is set
        size += 6 if bits & 0x80 else 2
    lack = short_of(at, size, end, limit)
    if lack < 0:
        return lack
    if first & 0x80 and buf[at + (30 if bits & 3 == 3 else 24)] & 0x80:  # several packets in one frame (A-MSDU)
        return NOT_IP
    if bits & 2:  # from the access point: the sender is the third address, or the fourth
        flat[base + S_LINK_SRC] = mac(buf, at + 24 if bits & 1 else at + 16)
    else:
        flat[base + S_LINK_SRC] = mac(buf, at + 10)
    return ((at + size) << 16) | LLC
