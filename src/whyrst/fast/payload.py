"""Tells what the first captured payload bytes of a segment are (`Kind`), and the server name they hold.

Only the first bytes of one segment are looked at, so a message that began in an earlier segment is `Kind.OTHER`. A
wrong label would make a wrong verdict: each form is taken only when its fixed bytes and its lengths fit, and what is
only likely on the protocol's own port is taken only there.

`Seg.KIND_INFO` holds, by kind: HTTP status, TLS alert (level << 8 | description), SMB command, SMTP or FTP reply code,
MySQL error number, PostgreSQL protocol or request code, BGP message type.
"""

# mypy: disable-error-code="valid-type, name-defined, untyped-decorator, no-any-return"
# (a memoryview type such as `cython.longlong[:, ::1]` is no type expression to mypy)
from __future__ import annotations

import cython

from whyrst.fast.layout import LONGEST_NAME as MOST_OF_A_NAME
from whyrst.fast.layout import Flag, Kind, Seg

WIDTH = cython.declare(cython.Py_ssize_t, Seg.COUNT)
SPORT = cython.declare(cython.Py_ssize_t, Seg.SPORT)
DPORT = cython.declare(cython.Py_ssize_t, Seg.DPORT)
LENGTH = cython.declare(cython.Py_ssize_t, Seg.LENGTH)
FLAGS = cython.declare(cython.Py_ssize_t, Seg.FLAGS)
KIND = cython.declare(cython.Py_ssize_t, Seg.KIND)
KIND_INFO = cython.declare(cython.Py_ssize_t, Seg.KIND_INFO)
PAYLOAD_AT = cython.declare(cython.Py_ssize_t, Seg.PAYLOAD_AT)
PAYLOAD_HAVE = cython.declare(cython.Py_ssize_t, Seg.PAYLOAD_HAVE)
NAME_AT = cython.declare(cython.Py_ssize_t, Seg.NAME_AT)
NAME_LENGTH = cython.declare(cython.Py_ssize_t, Seg.NAME_LENGTH)

NONE = cython.declare(cython.longlong, Kind.NONE)
OTHER = cython.declare(cython.longlong, Kind.OTHER)
HIDDEN = cython.declare(cython.longlong, Kind.HIDDEN)
TLS_CLIENT_HELLO = cython.declare(cython.longlong, Kind.TLS_CLIENT_HELLO)
TLS_SERVER_HELLO = cython.declare(cython.longlong, Kind.TLS_SERVER_HELLO)
TLS_HANDSHAKE = cython.declare(cython.longlong, Kind.TLS_HANDSHAKE)
TLS_ALERT = cython.declare(cython.longlong, Kind.TLS_ALERT)
TLS_DATA = cython.declare(cython.longlong, Kind.TLS_DATA)
TLS_CCS = cython.declare(cython.longlong, Kind.TLS_CCS)
HTTP_REQUEST = cython.declare(cython.longlong, Kind.HTTP_REQUEST)
HTTP_RESPONSE = cython.declare(cython.longlong, Kind.HTTP_RESPONSE)
HTTP2_PREFACE = cython.declare(cython.longlong, Kind.HTTP2_PREFACE)
SMB = cython.declare(cython.longlong, Kind.SMB)
SSH = cython.declare(cython.longlong, Kind.SSH)
SMTP = cython.declare(cython.longlong, Kind.SMTP)
FTP = cython.declare(cython.longlong, Kind.FTP)
REDIS = cython.declare(cython.longlong, Kind.REDIS)
MYSQL = cython.declare(cython.longlong, Kind.MYSQL)
POSTGRES = cython.declare(cython.longlong, Kind.POSTGRES)
DNS = cython.declare(cython.longlong, Kind.DNS)
RDP = cython.declare(cython.longlong, Kind.RDP)
LDAP = cython.declare(cython.longlong, Kind.LDAP)
BGP = cython.declare(cython.longlong, Kind.BGP)
MQTT = cython.declare(cython.longlong, Kind.MQTT)
PROXY_V1 = cython.declare(cython.longlong, Kind.PROXY_V1)
PROXY_V2 = cython.declare(cython.longlong, Kind.PROXY_V2)
ZEROS = cython.declare(cython.longlong, Kind.ZEROS)

RST = cython.declare(cython.longlong, Flag.RST)

LONGEST_NAME = cython.declare(cython.Py_ssize_t, MOST_OF_A_NAME)
HOST_WITHIN = cython.declare(cython.Py_ssize_t, 1024)
"""Bytes of an HTTP request that are searched for its Host header."""


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
@cython.exceptval(check=False)
def server_name(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
) -> cython.longlong:
    """Find the host_name (RFC 6066 section 3) of a ClientHello (RFC 8446 section 4.1.2) whose message starts at `at`.

    Gives 1 when the name's place was written to the row; a hello that goes on in another segment gives 0 unless the
    name came before.
    """
    stop: cython.Py_ssize_t
    size: cython.longlong
    at += 38  # message type and length, version, random
    if at >= end:
        return 0
    at += 1 + buf[at]  # session id
    if at > end - 2:
        return 0
    at += 2 + u16(buf, at)  # cipher suites
    if at >= end:
        return 0
    at += 1 + buf[at]  # compression methods
    if at > end - 2:
        return 0
    stop = at + 2 + u16(buf, at)
    stop = min(stop, end)
    at += 2
    while at <= stop - 4:
        size = u16(buf, at + 2)
        if u16(buf, at) == 0:
            if size < 6 or at > stop - 9 or buf[at + 6] != 0:
                return 0
            size = u16(buf, at + 7)
            if size == 0 or size > LONGEST_NAME or at + 9 + size > stop:
                return 0
            flat[base + NAME_AT] = at + 9
            flat[base + NAME_LENGTH] = size
            return 1
        at += 4 + size
    return 0


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
        return OTHER
    size = u16(buf, at + 3)
    if size == 0 or size > 16384 + 2048:
        return OTHER
    if first == 0x17:
        return TLS_DATA
    if first == 0x14:
        return TLS_CCS if size == 1 and (have < 6 or buf[at + 5] == 1) else OTHER
    if first == 0x15:
        if size < 2:
            return OTHER
        if size == 2 and have >= 7 and (buf[at + 5] == 1 or buf[at + 5] == 2):
            flat[base + KIND_INFO] = u16(buf, at + 5)
        return TLS_ALERT
    if have >= 11 and size >= 38 and buf[at + 9] == 3 and buf[at + 10] <= 4:
        if buf[at + 5] == 1:
            server_name(buf, flat, base, at + 5, at + min(have, 5 + size))
            return TLS_CLIENT_HELLO
        if buf[at + 5] == 2:
            return TLS_SERVER_HELLO
    return TLS_HANDSHAKE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def host_header(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
) -> cython.longlong:
    """Find the value of an HTTP request's Host header (RFC 9110 section 7.2); 1 when its place was written."""
    end: cython.Py_ssize_t = at + min(have, HOST_WITHIN)
    start: cython.Py_ssize_t
    while at < end - 6:
        if buf[at] != 0x0A:
            at += 1
            continue
        at += 1
        if buf[at] == 0x0D or buf[at] == 0x0A:  # the empty line that ends the header
            return 0
        if (buf[at] | 0x20) != 0x68 or (u32(buf, at) | 0x20202020) != 0x686F7374 or buf[at + 4] != 0x3A:  # "host:"
            continue
        at += 5
        while at < end and (buf[at] == 0x20 or buf[at] == 0x09):
            at += 1
        start = at
        while at < end and buf[at] > 0x20:
            at += 1
        if at >= end or at == start or at - start > LONGEST_NAME:
            return 0
        flat[base + NAME_AT] = start
        flat[base + NAME_LENGTH] = at - start
        return 1
    return 0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def letters(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
) -> cython.longlong:
    """Name a payload that starts with a capital letter: HTTP/1 (RFC 9112), HTTP/2 preface, SSH banner, PROXY line."""
    word: cython.longlong
    more: cython.longlong
    size: cython.Py_ssize_t = 0
    code: cython.longlong
    if have < 5:
        return OTHER
    word = u32(buf, at)
    if word == 0x5353482D:  # "SSH-"
        return SSH if buf[at + 4] == 0x31 or buf[at + 4] == 0x32 else OTHER
    if word == 0x47455420 or word == 0x50555420:  # "GET ", "PUT "
        size = 4
    elif (word == 0x504F5354 or word == 0x48454144) and buf[at + 4] == 0x20:  # "POST ", "HEAD "
        size = 5
    elif have >= 8:
        more = u32(buf, at + 4)
        if word == 0x48545450:  # "HTTP"
            if more >> 8 != 0x2F312E or (more & 0xFF) < 0x30 or (more & 0xFF) > 0x31:  # "/1.0", "/1.1"
                return OTHER
            if have < 12:
                return HTTP_RESPONSE
            code = (buf[at + 9] - 0x30) * 100 + (buf[at + 10] - 0x30) * 10 + (buf[at + 11] - 0x30)
            if buf[at + 8] != 0x20 or code < 100 or code > 999 or not digits(buf, at + 9, 3):
                return OTHER
            flat[base + KIND_INFO] = code
            return HTTP_RESPONSE
        if word == 0x50524920 and more == 0x2A204854:  # "PRI * HT"
            return HTTP2_PREFACE
        if word == 0x50524F58 and more >> 8 == 0x592054:  # "PROXY T"
            return PROXY_V1 if (more & 0xFF) == 0x43 else OTHER  # "PROXY TC"
        if word == 0x50524F58 and more == 0x5920554E:  # "PROXY UN"
            return PROXY_V1
        if (word == 0x50415443 and more >> 16 == 0x4820) or (word == 0x54524143 and more >> 16 == 0x4520):
            size = 6  # "PATCH ", "TRACE "
        elif word == 0x44454C45 and more >> 8 == 0x544520:  # "DELETE "
            size = 7
        elif (word == 0x4F505449 and more == 0x4F4E5320) or (word == 0x434F4E4E and more == 0x45435420):
            size = 8  # "OPTIONS ", "CONNECT "
        elif word == 0x50524F50 and more == 0x46494E44:  # "PROPFIND "
            size = 9
    if size == 0 or have <= size or buf[at + size - 1] != 0x20:
        return OTHER
    code = buf[at + size]
    if word == 0x434F4E4E:  # CONNECT is followed by a host: a letter, digit or bracket
        if code != 0x5B and not (0x30 <= code <= 0x39 or 0x41 <= code <= 0x5A or 0x61 <= code <= 0x7A):
            return OTHER
    elif code == 0x68 and have >= size + 4:  # "http://..." as a client asks a proxy
        if u32(buf, at + size) != 0x68747470:
            return OTHER
    elif code != 0x2F and not (code == 0x2A and word == 0x4F505449):  # "/", or "*" after OPTIONS
        return OTHER
    host_header(buf, flat, base, at, have)
    return HTTP_REQUEST


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def digits(buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.bint:
    """Tell whether all `size` bytes at `at` are ASCII digits."""
    end: cython.Py_ssize_t = at + size
    while at < end and 0x30 <= buf[at] <= 0x39:
        at += 1
    return at == end


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def reply(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
) -> cython.longlong:
    """Name a reply line of SMTP (RFC 5321 section 4.2) or FTP (RFC 959 section 4.2): on its port, or a greeting."""
    kind: cython.longlong = OTHER
    port: cython.longlong = flat[base + SPORT]
    i: cython.Py_ssize_t
    if have < 4 or (buf[at + 3] != 0x20 and buf[at + 3] != 0x2D) or not digits(buf, at, 3) or buf[at + 1] > 0x35:
        return OTHER
    if port == 21:
        kind = FTP
    elif port == 25 or port == 465 or port == 587 or port == 2525:
        kind = SMTP
    elif u16(buf, at) == 0x3232 and buf[at + 2] == 0x30:  # "220" elsewhere: it must name the protocol
        for i in range(at + 4, at + min(have, 100) - 3):
            if (u32(buf, i) | 0x20202020) == 0x736D7470:  # "smtp"
                kind = SMTP
                break
            if (u32(buf, i) | 0x202020) == 0x20667470:  # " ftp"
                kind = FTP
                break
    if kind != OTHER:
        flat[base + KIND_INFO] = (buf[at] - 0x30) * 100 + (buf[at + 1] - 0x30) * 10 + (buf[at + 2] - 0x30)
    return kind


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def redis(
    buf: cython.const[cython.uchar][::1],
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
    length: cython.longlong,
    own_port: cython.bint,
) -> cython.longlong:
    """Name a Redis message (RESP2): type byte, then a number and CRLF, or a line of text on Redis' own port."""
    end: cython.Py_ssize_t = at + min(have, 24)
    start: cython.Py_ssize_t = at
    first: cython.longlong = buf[at]
    number: cython.longlong = 0
    count: cython.longlong = 0
    at += 1
    if first == 0x2B or first == 0x2D:  # "+" status, "-" error: POP3 answers alike
        return REDIS if own_port and have >= 3 and buf[at] >= 0x41 and buf[at] <= 0x5A else OTHER
    if at < end and buf[at] == 0x2D:
        at += 1
        number = -1
    while at < end and 0x30 <= buf[at] <= 0x39 and count < 10:
        if number >= 0:
            number = number * 10 + buf[at] - 0x30
        count += 1
        at += 1
    if count == 0 or at > end - 2 or buf[at] != 0x0D or buf[at + 1] != 0x0A:
        return OTHER
    at += 2
    if own_port:
        return REDIS
    if first == 0x2A:  # "*": a command is an array of bulk strings
        return REDIS if number > 0 and at < end and buf[at] == 0x24 else OTHER
    if first == 0x24:  # "$": one whole bulk string
        return REDIS if number >= 0 and length == at - start + number + 2 else OTHER
    return OTHER


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def zero_first(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
    length: cython.longlong,
) -> cython.longlong:
    """Name a payload that starts with a zero byte: SMB in a NetBIOS session message, PostgreSQL, or only zeros."""
    i: cython.Py_ssize_t
    size: cython.longlong
    code: cython.longlong
    if length <= 8:
        for i in range(have):
            if buf[at + i] != 0:
                break
        else:
            return ZEROS
    if have < 8:
        return OTHER
    size = u32(buf, at)
    code = u32(buf, at + 4)
    if (code & 0xFFFFFF) == 0x534D42 and size >= 32:  # "SMB" after 0xFF (SMB1), 0xFE (SMB2), 0xFD (encrypted), 0xFC
        code >>= 24
        if code == 0xFF and have >= 9:  # [MS-CIFS] 2.2.3.1
            flat[base + KIND_INFO] = buf[at + 8]
        elif code == 0xFE and have >= 18:  # [MS-SMB2] 2.2.1: little-endian
            flat[base + KIND_INFO] = buf[at + 16] | (buf[at + 17] << 8)
        return SMB if code >= 0xFC else OTHER
    # PostgreSQL's first messages have no type byte: length, then protocol 3.0 or a request code (SSL 80877103,
    # cancel 80877102, GSSAPI 80877104).
    if (code == 0x00030000 or code == 0x00030002) and size == length and size > 8:
        flat[base + KIND_INFO] = code
        return POSTGRES
    if ((code == 80877103 or code == 80877104) and size == 8 and length == 8) or (code == 80877102 and size == length):
        flat[base + KIND_INFO] = code
        return POSTGRES
    return OTHER


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def binary(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
    length: cython.longlong,
) -> cython.longlong:
    """Name a payload that starts with one of a few bytes which text protocols do not use."""
    first: cython.longlong = buf[at]
    sport: cython.longlong = flat[base + SPORT]
    dport: cython.longlong = flat[base + DPORT]
    i: cython.Py_ssize_t
    if first == 0x03:  # TPKT (RFC 1006) with an X.224 connection request, confirm or data unit
        if have < 7 or buf[at + 1] != 0 or u16(buf, at + 2) < 7 or u16(buf, at + 2) > length:
            return OTHER
        if buf[at + 5] != 0xE0 and buf[at + 5] != 0xD0 and buf[at + 5] != 0xF0:
            return OTHER
        if sport == 3389 or dport == 3389:
            return RDP
        # Elsewhere: the routing cookie of a connection request ([MS-RDPBCGR] 2.2.1.1).
        return RDP if buf[at + 5] == 0xE0 and have >= 15 and u32(buf, at + 11) == 0x436F6F6B else OTHER
    if first == 0x30:  # LDAPMessage (RFC 4511 section 4.1.1): SEQUENCE { INTEGER, APPLICATION ... }
        if sport != 389 and dport != 389 and sport != 3268 and dport != 3268:
            return OTHER
        i = at + 2
        if have >= 2 and buf[at + 1] > 0x80 and buf[at + 1] <= 0x84:
            i += buf[at + 1] & 0x7F
        if i > at + have - 3 or buf[i] != 0x02 or buf[i + 1] == 0 or buf[i + 1] > 5:
            return OTHER
        i += 2 + buf[i + 1]
        return LDAP if i < at + have and 0x40 <= buf[i] < 0x80 else OTHER
    if first == 0xFF:  # BGP (RFC 4271 section 4.1): sixteen bytes of ones, length, type
        if have < 19 or u16(buf, at + 16) < 19 or u16(buf, at + 16) > 4096 or buf[at + 18] == 0 or buf[at + 18] > 5:
            return OTHER
        for i in range(16):
            if buf[at + i] != 0xFF:
                return OTHER
        flat[base + KIND_INFO] = buf[at + 18]
        return BGP
    if first == 0x10:  # MQTT CONNECT: remaining length of one to four bytes, then the protocol's name
        i = at + 1
        while i < at + have and i < at + 4 and buf[i] >= 0x80:
            i += 1
        i += 1
        if i > at + have - 6:
            return OTHER
        if u16(buf, i) == 4:
            return MQTT if u32(buf, i + 2) == 0x4D515454 else OTHER  # "MQTT"
        return MQTT if u16(buf, i) == 6 and u32(buf, i + 2) == 0x4D514973 else OTHER  # "MQIsdp"
    if first == 0x0D:  # PROXY protocol version 2: twelve fixed bytes
        if have < 12 or u32(buf, at) != 0x0D0A0D0A or u32(buf, at + 4) != 0x000D0A51 or u32(buf, at + 8) != 0x5549540A:
            return OTHER
        return PROXY_V2
    return OTHER


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def mysql(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
    length: cython.longlong,
) -> cython.longlong:
    """Name a MySQL server's first packet: the greeting of protocol 10, or the error it refuses a client with."""
    if have < 7 or buf[at + 1] > 1 or buf[at + 2] != 0 or buf[at + 3] != 0:
        return OTHER
    if (buf[at] | (buf[at + 1] << 8)) + 4 != length:
        return OTHER
    if buf[at + 4] == 0x0A:
        return MYSQL if digits(buf, at + 5, 1) and (buf[at + 6] == 0x2E or digits(buf, at + 6, 1)) else OTHER
    if buf[at + 4] == 0xFF and flat[base + SPORT] == 3306:
        flat[base + KIND_INFO] = buf[at + 5] | (buf[at + 6] << 8)
        return MYSQL
    return OTHER


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def recognise(
    buf: cython.const[cython.uchar][::1],
    flat: cython.longlong[::1],
    base: cython.Py_ssize_t,
    at: cython.Py_ssize_t,
    have: cython.Py_ssize_t,
) -> cython.longlong:
    """Give the `Kind` of the `have` bytes (at least one) at `at`; writes the row's information and name cells."""
    first: cython.longlong = buf[at]
    kind: cython.longlong = OTHER
    length: cython.longlong = flat[base + LENGTH]
    sport: cython.longlong = flat[base + SPORT]
    dport: cython.longlong = flat[base + DPORT]
    if 0x14 <= first <= 0x17:
        kind = tls(buf, flat, base, at, have)
    elif 0x41 <= first <= 0x5A:
        kind = letters(buf, flat, base, at, have)
    elif first == 0:
        kind = zero_first(buf, flat, base, at, have, length)
    elif 0x31 <= first <= 0x35:
        kind = reply(buf, flat, base, at, have)
    elif first == 0x2A or first == 0x24 or first == 0x2B or first == 0x2D or first == 0x3A:
        kind = redis(buf, at, have, length, sport == 6379 or dport == 6379)
    elif first == 0x03 or first == 0x30 or first == 0xFF or first == 0x10 or first == 0x0D:
        kind = binary(buf, flat, base, at, have, length)
    if kind != OTHER:
        return kind
    if sport == 53 or dport == 53:  # RFC 1035 section 4.2.2: length, then a header with few questions
        return DNS if have >= 14 and 12 <= u16(buf, at) <= length - 2 and u16(buf, at + 6) <= 4 else OTHER
    return mysql(buf, flat, base, at, have, length)


@cython.cfunc
@cython.nogil
@cython.exceptval(-1)
def label(buffer: cython.const[cython.uchar][::1], flat: cython.longlong[::1], n: cython.Py_ssize_t) -> cython.int:
    """Do what `classify` says; `flat` are the rows, one cell after the other."""
    size: cython.Py_ssize_t = buffer.shape[0]
    i: cython.Py_ssize_t
    base: cython.Py_ssize_t
    at: cython.Py_ssize_t
    have: cython.Py_ssize_t
    for i in range(n):
        base = i * WIDTH
        flat[base + KIND_INFO] = -1
        flat[base + NAME_AT] = 0
        flat[base + NAME_LENGTH] = 0
        if flat[base + LENGTH] == 0:
            flat[base + KIND] = NONE
            continue
        at = flat[base + PAYLOAD_AT]
        have = flat[base + PAYLOAD_HAVE]
        if have <= 0 or at < 0 or at > size - have:
            flat[base + KIND] = HIDDEN
        else:
            flat[base + KIND] = recognise(buffer, flat, base, at, have)
    return 0


def classify(buffer: cython.const[cython.uchar][::1], rows: cython.longlong[:, ::1], n: cython.Py_ssize_t) -> None:
    """Write `Seg.KIND`, `KIND_INFO`, `NAME_AT` and `NAME_LENGTH` of the first `n` rows.

    Args:
        buffer: The bytes that `Seg.PAYLOAD_AT` points into.
        rows: Segments; ports, LENGTH, PAYLOAD_AT and PAYLOAD_HAVE must be there already.
        n: How many rows.
    """
    flat: cython.longlong[::1] = memoryview(rows).cast("B").cast("q")
    n = min(n, rows.shape[0])
    with cython.nogil:
        label(buffer, flat, n)


def detach(
    buffer: cython.const[cython.uchar][::1],
    rows: cython.longlong[:, ::1],
    n: cython.Py_ssize_t,
    room: cython.uchar[::1],
    keep: cython.Py_ssize_t,
) -> int:
    """Copy names, and payloads of resets, out of a buffer that will be filled anew; the rows point to the copies.

    Args:
        buffer: The bytes that the rows point into.
        rows: Segments.
        n: How many rows.
        room: Takes the copies; `keep` + `layout.LONGEST_NAME` bytes a row are enough.
        keep: Bytes of a reset's payload that are copied at most.

    Returns:
        How many bytes were copied.
    """
    flat: cython.longlong[::1] = memoryview(rows).cast("B").cast("q")
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    base: cython.Py_ssize_t
    at: cython.Py_ssize_t
    size: cython.Py_ssize_t
    used: cython.Py_ssize_t = 0
    for i in range(n):
        base = i * WIDTH
        size = flat[base + NAME_LENGTH]
        if size > 0:
            at = flat[base + NAME_AT]
            flat[base + NAME_AT] = used
            for j in range(size):
                room[used + j] = buffer[at + j]
            used += size
        if flat[base + FLAGS] & RST:
            size = min(flat[base + PAYLOAD_HAVE], keep)
            at = flat[base + PAYLOAD_AT]
            flat[base + PAYLOAD_AT] = used
            for j in range(size):
                room[used + j] = buffer[at + j]
            used += max(size, 0)
    return used
