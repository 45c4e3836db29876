"""Decodes packet records to TCP segments: link layer, tunnels, IP and the TCP header.

A packet is peeled from the outside: `step` names what stands at `at`, an Ethertype or one of the small numbers below,
until TCP or a reason to skip is found. `end` is the end of what was captured, `limit` that of what was on the wire by
the innermost length known; bytes between an IP datagram's end and the frame's (Ethernet padding) belong to neither.
Address, TTL and the like are those of the innermost IP header, and LINK_SRC that of the innermost Ethernet header.
A tunnel chain is written left to right: VLAN then GRE is 0x16.

The common packet (Ethernet, IPv4 or IPv6, TCP) is decoded in `decode` itself, by reads of single bytes whose bounds
are checked; the rest stands in functions that give `at << 16 | step`, or `-1 - Skip` when there is no segment.
Payload bytes are named in a second pass by `whyrst.fast.payload`.

Uncompiled, the arrays must be memoryviews, whose cells are plain integers.
"""

# mypy: disable-error-code="valid-type, name-defined, untyped-decorator, no-any-return, import-not-found"
# (a memoryview type such as `cython.longlong[:, ::1]` is no type expression to mypy; compiled modules have no stubs)
from __future__ import annotations

import cython

from whyrst.fast.layout import MAX_TUNNELS, IpFlag, Opt, Quality, Rec, Seg, Skip, Tunnel

if cython.compiled:
    from whyrst.fast.compiled.payload import classify
else:
    from whyrst.fast.payload import classify

OFFSET = cython.declare(cython.Py_ssize_t, Rec.OFFSET)
CAPTURED = cython.declare(cython.Py_ssize_t, Rec.CAPTURED)
WIRE = cython.declare(cython.Py_ssize_t, Rec.WIRE)
RECORD_TIME = cython.declare(cython.Py_ssize_t, Rec.TIME)
RECORD_INTERFACE = cython.declare(cython.Py_ssize_t, Rec.INTERFACE)
LINK = cython.declare(cython.Py_ssize_t, Rec.LINK)
KEEP = cython.declare(cython.Py_ssize_t, Rec.KEEP)

WIDTH = cython.declare(cython.Py_ssize_t, Seg.COUNT)
FRAME = cython.declare(cython.Py_ssize_t, Seg.FRAME)
TIME = cython.declare(cython.Py_ssize_t, Seg.TIME)
SRC_HI = cython.declare(cython.Py_ssize_t, Seg.SRC_HI)
SRC_LO = cython.declare(cython.Py_ssize_t, Seg.SRC_LO)
DST_HI = cython.declare(cython.Py_ssize_t, Seg.DST_HI)
DST_LO = cython.declare(cython.Py_ssize_t, Seg.DST_LO)
SPORT = cython.declare(cython.Py_ssize_t, Seg.SPORT)
DPORT = cython.declare(cython.Py_ssize_t, Seg.DPORT)
SEQ = cython.declare(cython.Py_ssize_t, Seg.SEQ)
ACK = cython.declare(cython.Py_ssize_t, Seg.ACK)
FLAGS = cython.declare(cython.Py_ssize_t, Seg.FLAGS)
WINDOW = cython.declare(cython.Py_ssize_t, Seg.WINDOW)
LENGTH = cython.declare(cython.Py_ssize_t, Seg.LENGTH)
TTL = cython.declare(cython.Py_ssize_t, Seg.TTL)
IP_ID = cython.declare(cython.Py_ssize_t, Seg.IP_ID)
TOS = cython.declare(cython.Py_ssize_t, Seg.TOS)
FLOW = cython.declare(cython.Py_ssize_t, Seg.FLOW)
IP_FLAGS = cython.declare(cython.Py_ssize_t, Seg.IP_FLAGS)
HEADER = cython.declare(cython.Py_ssize_t, Seg.HEADER)
OPTIONS = cython.declare(cython.Py_ssize_t, Seg.OPTIONS)
TSVAL = cython.declare(cython.Py_ssize_t, Seg.TSVAL)
TSECR = cython.declare(cython.Py_ssize_t, Seg.TSECR)
WSCALE = cython.declare(cython.Py_ssize_t, Seg.WSCALE)
MSS = cython.declare(cython.Py_ssize_t, Seg.MSS)
MPTCP = cython.declare(cython.Py_ssize_t, Seg.MPTCP)
MPTCP_REASON = cython.declare(cython.Py_ssize_t, Seg.MPTCP_REASON)
CHECKSUM = cython.declare(cython.Py_ssize_t, Seg.CHECKSUM)
PAYLOAD_AT = cython.declare(cython.Py_ssize_t, Seg.PAYLOAD_AT)
PAYLOAD_HAVE = cython.declare(cython.Py_ssize_t, Seg.PAYLOAD_HAVE)
LINK_SRC = cython.declare(cython.Py_ssize_t, Seg.LINK_SRC)
INTERFACE = cython.declare(cython.Py_ssize_t, Seg.INTERFACE)
TUNNEL = cython.declare(cython.Py_ssize_t, Seg.TUNNEL)
QUALITY = cython.declare(cython.Py_ssize_t, Seg.QUALITY)

DF = cython.declare(cython.longlong, IpFlag.DF)
V6 = cython.declare(cython.longlong, IpFlag.V6)
IP_OPTIONS = cython.declare(cython.longlong, IpFlag.OPTIONS)
FIRST_FRAGMENT = cython.declare(cython.longlong, IpFlag.FRAGMENT)

HAS_MSS = cython.declare(cython.longlong, Opt.MSS)
HAS_WSCALE = cython.declare(cython.longlong, Opt.WSCALE)
HAS_SACK_OK = cython.declare(cython.longlong, Opt.SACK_OK)
HAS_SACK = cython.declare(cython.longlong, Opt.SACK)
HAS_TIMESTAMPS = cython.declare(cython.longlong, Opt.TIMESTAMPS)
HAS_MD5 = cython.declare(cython.longlong, Opt.MD5)
HAS_AO = cython.declare(cython.longlong, Opt.AO)
HAS_FAST_OPEN = cython.declare(cython.longlong, Opt.FAST_OPEN)
HAS_MPTCP = cython.declare(cython.longlong, Opt.MPTCP)
HAS_OTHER = cython.declare(cython.longlong, Opt.OTHER)
HAS_BROKEN = cython.declare(cython.longlong, Opt.BROKEN)

CUT = cython.declare(cython.longlong, Quality.CUT)
ZERO_LENGTH = cython.declare(cython.longlong, Quality.ZERO_LENGTH)
SUPER = cython.declare(cython.longlong, Quality.SUPER)
BAD_CHECKSUM = cython.declare(cython.longlong, Quality.BAD_CHECKSUM)
PARTIAL_CHECKSUM = cython.declare(cython.longlong, Quality.PARTIAL_CHECKSUM)
OUTGOING = cython.declare(cython.longlong, Quality.OUTGOING)

IN_VLAN = cython.declare(cython.longlong, Tunnel.VLAN)
IN_MPLS = cython.declare(cython.longlong, Tunnel.MPLS)
IN_PPPOE = cython.declare(cython.longlong, Tunnel.PPPOE)
IN_IPIP = cython.declare(cython.longlong, Tunnel.IPIP)
IN_SIT = cython.declare(cython.longlong, Tunnel.SIT)
IN_GRE = cython.declare(cython.longlong, Tunnel.GRE)
IN_ERSPAN = cython.declare(cython.longlong, Tunnel.ERSPAN)
IN_VXLAN = cython.declare(cython.longlong, Tunnel.VXLAN)
IN_GENEVE = cython.declare(cython.longlong, Tunnel.GENEVE)
IN_GTPU = cython.declare(cython.longlong, Tunnel.GTPU)
IN_AH = cython.declare(cython.longlong, Tunnel.AH)
FULL = cython.declare(cython.longlong, 4 * (MAX_TUNNELS - 1))
"""A tunnel chain whose bits from this one on are not 0 takes no further one."""

# What a function that finds no segment gives: -1 - Skip.
NO_LINK = cython.declare(cython.longlong, -1 - Skip.LINK)
NOT_IP = cython.declare(cython.longlong, -1 - Skip.NOT_IP)
NOT_TCP = cython.declare(cython.longlong, -1 - Skip.NOT_TCP)
LATER_FRAGMENT = cython.declare(cython.longlong, -1 - Skip.FRAGMENT)
ENDS_EARLY = cython.declare(cython.longlong, -1 - Skip.CUT)
MALFORMED = cython.declare(cython.longlong, -1 - Skip.MALFORMED)
FILTERED = cython.declare(cython.longlong, -1 - Skip.FILTER)
DEEP = cython.declare(cython.longlong, -1 - Skip.DEEP)

# Steps. Above 0x5FF they are Ethertypes (IEEE 802), below they are ours.
IPV4 = cython.declare(cython.longlong, 0x0800)
IPV6 = cython.declare(cython.longlong, 0x86DD)
ETHERNET = cython.declare(cython.longlong, 1)
RAW = cython.declare(cython.longlong, 2)
"""IPv4 or IPv6, told by its first four bits."""
PPP = cython.declare(cython.longlong, 3)
LLC = cython.declare(cython.longlong, 4)
WLAN = cython.declare(cython.longlong, 5)
"""IEEE 802.11 frame."""
TCP = cython.declare(cython.longlong, 6)

# Numbers beyond 32 bits stand here, or Cython makes Python objects of them.
MAPPED = cython.declare(cython.longlong, 0xFFFF << 32)
"""IPv4 addresses are mapped to IPv6 (RFC 4291 section 2.5.5.2)."""
SIGN = cython.declare(cython.longlong, 1 << 31)
LONGEST_WIRE = cython.declare(cython.longlong, 1 << 24)
"""A record that says more bytes than this were on the wire is not believed."""
LONGEST_FRAME = cython.declare(cython.longlong, 1526)
"""1500 bytes of IP under Ethernet, SLL or SLL2 and at most two VLAN tags."""


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
    if flat[base + TUNNEL] >> FULL:
        return False
    flat[base + TUNNEL] = (flat[base + TUNNEL] << 4) | tunnel
    return True


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
            flat[base + QUALITY] = OUTGOING
        if u16(buf, at + 4) == 6:
            flat[base + LINK_SRC] = mac(buf, at + 6)
        kind = u16(buf, at + 14)
        at += 16
        if kind >= 0x600:
            return (at << 16) | kind
        return (at << 16) | LLC if kind == 4 else NOT_IP
    if link == 276:  # version 2: protocol, 2 unused, interface, ARPHRD_ type, packet type, address length, address (8)
        lack = short_of(at, 20, end, limit)
        if lack < 0:
            return lack
        flat[base + INTERFACE] = ((flat[base + INTERFACE] & 0x7FFFFFFF) << 32) | u32(buf, at + 4)
        if buf[at + 10] == 4:
            flat[base + QUALITY] = OUTGOING
        if buf[at + 11] == 6:
            flat[base + LINK_SRC] = mac(buf, at + 12)
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
        flat[base + LINK_SRC] = mac(buf, at + 6)
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
        flat[base + LINK_SRC] = mac(buf, at + 24 if bits & 1 else at + 16)
    else:
        flat[base + LINK_SRC] = mac(buf, at + 10)
    return ((at + size) << 16) | LLC


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
    six: cython.bint = (flat[base + IP_FLAGS] & V6) != 0
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
            flat[base + TSVAL] = u32(buf, at + 2)
            flat[base + TSECR] = u32(buf, at + 6)
        elif kind == 2 and size == 4:
            found |= HAS_MSS
            flat[base + MSS] = u16(buf, at + 2)
        elif kind == 3 and size == 3:  # RFC 7323 section 2
            found |= HAS_WSCALE
            flat[base + WSCALE] = buf[at + 2]
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
            flat[base + MPTCP] = max(flat[base + MPTCP], 0) | (1 << kind)
            if kind == 8 and size >= 4:
                flat[base + MPTCP_REASON] = ((buf[at + 2] & 0xF) << 8) | buf[at + 3]
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
    low = flat[base + SRC_LO]
    pseudo += (low & 0xFFFF) + ((low >> 16) & 0xFFFF)
    low = flat[base + DST_LO]
    pseudo += (low & 0xFFFF) + ((low >> 16) & 0xFFFF)
    if flat[base + IP_FLAGS] & V6:
        pseudo += ((flat[base + SRC_LO] >> 32) & 0xFFFF) + ((flat[base + SRC_LO] >> 48) & 0xFFFF)
        pseudo += ((flat[base + DST_LO] >> 32) & 0xFFFF) + ((flat[base + DST_LO] >> 48) & 0xFFFF)
        for i in range(0, 64, 16):
            pseudo += ((flat[base + SRC_HI] >> i) & 0xFFFF) + ((flat[base + DST_HI] >> i) & 0xFFFF)
    total += pseudo
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    if total == 0xFFFF:
        return 0
    pseudo = (pseudo & 0xFFFF) + (pseudo >> 16)
    pseudo = (pseudo & 0xFFFF) + (pseudo >> 16)
    return PARTIAL_CHECKSUM if pseudo == u16(buf, at + 16) else BAD_CHECKSUM


@cython.cfunc
@cython.nogil
@cython.exceptval(-1)
def segments_of(
    buffer: cython.const[cython.uchar][::1],
    records: cython.longlong[:, ::1],
    first_frame: cython.longlong,
    n: cython.Py_ssize_t,
    flat: cython.longlong[::1],
    skips: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Do what `decode` says, names of the payload apart; `flat` are the rows, one cell after the other."""
    size: cython.Py_ssize_t = buffer.shape[0]
    row: cython.Py_ssize_t = 0
    i: cython.Py_ssize_t
    base: cython.Py_ssize_t
    at: cython.Py_ssize_t
    end: cython.Py_ssize_t
    limit: cython.Py_ssize_t
    header: cython.Py_ssize_t
    wire: cython.longlong
    step: cython.longlong
    got: cython.longlong
    quality: cython.longlong
    ip_flags: cython.longlong
    sure: cython.bint
    tcp_flags: cython.longlong
    length: cython.longlong
    found: cython.longlong

    for i in range(n):
        base = row * WIDTH
        if not records[i, KEEP]:
            skips[-1 - FILTERED] += 1
            continue
        at = records[i, OFFSET]
        got = records[i, CAPTURED]
        wire = records[i, WIRE]
        if at < 0 or at > size or got < 0:
            at = 0
            got = 0
        end = at + min(got, size - at)
        quality = CUT if end - at < wire else 0
        if wire < end - at or wire > LONGEST_WIRE:
            wire = end - at
        limit = at + wire
        flat[base + TUNNEL] = 0
        flat[base + LINK_SRC] = -1
        flat[base + INTERFACE] = records[i, RECORD_INTERFACE]
        if records[i, LINK] == 1 and end - at >= 14:
            flat[base + LINK_SRC] = mac(buffer, at + 6)
            step = u16(buffer, at + 12)
            at += 14
            if step < 0x600:
                step = LLC
        else:
            flat[base + QUALITY] = 0
            got = first_layer(buffer, flat, base, records[i, LINK], at, end, limit)
            if got < 0:
                skips[-1 - got] += 1
                continue
            quality |= flat[base + QUALITY]
            at = got >> 16
            step = got & 0xFFFF

        got = 0
        ip_flags = 0
        sure = True
        while True:
            if step == IPV4:  # RFC 791 section 3.1
                got = short_of(at, 20, end, limit)
                if got < 0:
                    break
                header = (buffer[at] & 0xF) << 2
                length = u16(buffer, at + 2)
                if buffer[at] >> 4 != 4 or header < 20 or (length != 0 and length < header):
                    got = MALFORMED
                    break
                ip_flags = 0
                sure = True
                quality &= ~ZERO_LENGTH
                if length == 0:
                    quality |= ZERO_LENGTH
                else:
                    limit = at + length
                    end = min(end, limit)
                got = u16(buffer, at + 6)
                if got & 0x4000:
                    ip_flags = DF
                if got & 0x3FFF:
                    if got & 0x1FFF:
                        got = LATER_FRAGMENT
                        break
                    ip_flags |= FIRST_FRAGMENT
                    sure = False
                flat[base + TOS] = buffer[at + 1]
                flat[base + IP_ID] = u16(buffer, at + 4)
                flat[base + TTL] = buffer[at + 8]
                flat[base + FLOW] = -1
                flat[base + SRC_HI] = 0
                flat[base + SRC_LO] = MAPPED | u32(buffer, at + 12)
                flat[base + DST_HI] = 0
                flat[base + DST_LO] = MAPPED | u32(buffer, at + 16)
                step = buffer[at + 9]
                if header != 20:
                    got = short_of(at, header, end, limit)
                    if got < 0:
                        break
                    ip_flags |= IP_OPTIONS
                    sure = False  # a source route changes the address that the checksum covers
                at += header
            elif step == IPV6:  # RFC 8200 section 3
                got = short_of(at, 40, end, limit)
                if got < 0:
                    break
                if buffer[at] >> 4 != 6:
                    got = MALFORMED
                    break
                ip_flags = V6
                sure = True
                quality &= ~ZERO_LENGTH
                length = u16(buffer, at + 4)
                if length == 0:  # a jumbogram (RFC 2675), or segmentation offload
                    quality |= ZERO_LENGTH
                else:
                    limit = at + 40 + length
                    end = min(end, limit)
                got = u32(buffer, at)
                flat[base + TOS] = (got >> 20) & 0xFF
                flat[base + FLOW] = got & 0xFFFFF
                flat[base + IP_ID] = -1
                flat[base + TTL] = buffer[at + 7]
                flat[base + SRC_HI] = i64(buffer, at + 8)
                flat[base + SRC_LO] = i64(buffer, at + 16)
                flat[base + DST_HI] = i64(buffer, at + 24)
                flat[base + DST_LO] = i64(buffer, at + 32)
                step = buffer[at + 6]
                at += 40
                got = 0
                # Extension headers: hop-by-hop, destination, routing, fragment, mobility, HIP, shim6. AH is a tunnel.
                while step == 0 or step == 60 or step == 43 or step == 44 or step == 135 or step == 139 or step == 140:
                    got = short_of(at, 8, end, limit)
                    if got < 0:
                        break
                    ip_flags |= IP_OPTIONS
                    if step == 44:
                        got = u16(buffer, at + 2)
                        if got & 0xFFF8:
                            got = LATER_FRAGMENT
                            break
                        if got & 1:
                            ip_flags |= FIRST_FRAGMENT
                            sure = False
                        step = buffer[at]
                        at += 8
                    else:
                        if step == 43 and buffer[at + 3]:  # segments left: the checksum covers the last address
                            sure = False
                        step = buffer[at]
                        at += (buffer[at + 1] + 1) << 3
                        if at > limit:
                            got = MALFORMED
                            break
                if got < 0:
                    break
            else:
                got = next_layer(buffer, flat, base, step, at, end, limit)
                if got < 0:
                    break
                at = got >> 16
                step = got & 0xFFFF
                continue
            flat[base + IP_FLAGS] = ip_flags
            if step == TCP:
                break
            got = next_protocol(buffer, flat, base, step, at, end, limit)
            if got < 0:
                break
            at = got >> 16
            step = got & 0xFFFF
            if step == TCP:
                break
        if got >= 0:
            got = short_of(at, 20, end, limit)
        if got < 0:
            skips[-1 - got] += 1
            continue

        # RFC 9293 section 3.1
        tcp_flags = u16(buffer, at + 12)
        header = (tcp_flags >> 12) << 2
        tcp_flags &= 0x1FF
        length = limit - at - header
        if header < 20 or length < 0:
            skips[-1 - MALFORMED] += 1
            continue
        if end < limit:
            quality |= CUT
        flat[base + FRAME] = first_frame + i
        flat[base + TIME] = records[i, RECORD_TIME]
        flat[base + SPORT] = u16(buffer, at)
        flat[base + DPORT] = u16(buffer, at + 2)
        flat[base + SEQ] = u32(buffer, at + 4)
        flat[base + ACK] = u32(buffer, at + 8)
        flat[base + FLAGS] = tcp_flags
        flat[base + WINDOW] = u16(buffer, at + 14)
        flat[base + CHECKSUM] = u16(buffer, at + 16)
        flat[base + LENGTH] = length
        flat[base + HEADER] = header
        flat[base + WSCALE] = -1
        flat[base + MSS] = -1
        flat[base + MPTCP] = -1
        flat[base + MPTCP_REASON] = -1
        if header == 32 and end - at >= 32 and u32(buffer, at + 20) == 0x0101080A:
            # Two fillers and timestamps: what nearly every segment carries (RFC 7323 appendix A).
            flat[base + TSVAL] = u32(buffer, at + 24)
            flat[base + TSECR] = u32(buffer, at + 28)
            flat[base + OPTIONS] = HAS_TIMESTAMPS
        else:
            flat[base + TSVAL] = -1
            flat[base + TSECR] = -1
            found = 0
            if header > 20:
                found = options(buffer, flat, base, at + 20, end, at + header)
            flat[base + OPTIONS] = found
        if length == 0:
            if tcp_flags & 7 and sure and end - at >= header:
                quality |= checksum(buffer, flat, base, at, header)
        elif (
            length > 1460
            and wire > LONGEST_FRAME
            and flat[base + LINK_SRC] != 0
            and records[i, LINK] != 0
            and records[i, LINK] != 108
        ):
            quality |= SUPER
        flat[base + QUALITY] = quality
        at += header
        at = min(at, end)
        flat[base + PAYLOAD_AT] = at
        flat[base + PAYLOAD_HAVE] = end - at
        row += 1
    return row


def decode(
    buffer: cython.const[cython.uchar][::1],
    records: cython.longlong[:, ::1],
    first_frame: cython.longlong,
    n: cython.Py_ssize_t,
    rows: cython.longlong[:, ::1],
    skips: cython.longlong[::1],
) -> int:
    """Decode packets to segments; rows written and skips counted add up to the packets.

    Args:
        buffer: Bytes that the records point into.
        records: Packets, cells as `Rec` numbers them. One that leaves the buffer is cut at its end.
        first_frame: Number of the first record in its capture, 1-based.
        n: How many records.
        rows: Takes the segments, cells as `Seg` numbers them; as many rows as records.
        skips: Counts by `Skip`, added to.

    Returns:
        How many rows were written.
    """
    flat: cython.longlong[::1] = memoryview(rows).cast("B").cast("q")
    row: cython.Py_ssize_t
    with cython.nogil:
        row = segments_of(buffer, records, first_frame, n, flat, skips)
    classify(buffer, rows, row)
    return row
