# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Protocols whose messages begin with lengths and numbers."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.payload.numbers import u16, u32
from whyrst.fast.payload.text import digits


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
            return K_ZEROS
    if have < 8:
        return K_OTHER
    size = u32(buf, at)
    code = u32(buf, at + 4)
    if (code & 0xFFFFFF) == 0x534D42 and size >= 32:  # "SMB" after 0xFF (SMB1), 0xFE (SMB2), 0xFD (encrypted), 0xFC
        code >>= 24
        if code == 0xFF and have >= 9:  # [MS-CIFS] 2.2.3.1
            flat[base + S_KIND_INFO] = buf[at + 8]
        elif code == 0xFE and have >= 18:  # [MS-SMB2] 2.2.1: little-endian
            flat[base + S_KIND_INFO] = buf[at + 16] | (buf[at + 17] << 8)
        return K_SMB if code >= 0xFC else K_OTHER
    # PostgreSQL's first messages have no type byte: length, then protocol 3.0 or a request code (SSL 80877103,
    # cancel 80877102, GSSAPI 80877104).
    if (code == 0x00030000 or code == 0x00030002) and size == length and size > 8:
        flat[base + S_KIND_INFO] = code
        return K_POSTGRES
    if ((code == 80877103 or code == 80877104) and size == 8 and length == 8) or (code == 80877102 and size == length):
        flat[base + S_KIND_INFO] = code
        return K_POSTGRES
    return K_OTHER


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
    sport: cython.longlong = flat[base + S_SPORT]
    dport: cython.longlong = flat[base + S_DPORT]
    i: cython.Py_ssize_t
    if first == 0x03:  # TPKT (RFC 1006) with an X.224 connection request, confirm or data unit
        if have < 7 or buf[at + 1] != 0 or u16(buf, at + 2) < 7 or u16(buf, at + 2) > length:
            return K_OTHER
        if buf[at + 5] != 0xE0 and buf[at + 5] != 0xD0 and buf[at + 5] != 0xF0:
            return K_OTHER
        if sport == 3389 or dport == 3389:
            return K_RDP
        # Elsewhere: the routing cookie of a connection request ([MS-RDPBCGR] 2.2.1.1).
        return K_RDP if buf[at + 5] == 0xE0 and have >= 15 and u32(buf, at + 11) == 0x436F6F6B else K_OTHER
    if first == 0x30:  # LDAPMessage (RFC 4511 section 4.1.1): SEQUENCE { INTEGER, APPLICATION ... }
        if sport != 389 and dport != 389 and sport != 3268 and dport != 3268:
            return K_OTHER
        i = at + 2
        if have >= 2 and buf[at + 1] > 0x80 and buf[at + 1] <= 0x84:
            i += buf[at + 1] & 0x7F
        if i > at + have - 3 or buf[i] != 0x02 or buf[i + 1] == 0 or buf[i + 1] > 5:
            return K_OTHER
        i += 2 + buf[i + 1]
        return K_LDAP if i < at + have and 0x40 <= buf[i] < 0x80 else K_OTHER
    if first == 0xFF:  # BGP (RFC 4271 section 4.1): sixteen bytes of ones, length, type
        if have < 19 or u16(buf, at + 16) < 19 or u16(buf, at + 16) > 4096 or buf[at + 18] == 0 or buf[at + 18] > 5:
            return K_OTHER
        for i in range(16):
            if buf[at + i] != 0xFF:
                return K_OTHER
        flat[base + S_KIND_INFO] = buf[at + 18]
        return K_BGP
    if first == 0x10:  # MQTT CONNECT: remaining length of one to four bytes, then the protocol's name
        i = at + 1
        while i < at + have and i < at + 4 and buf[i] >= 0x80:
            i += 1
        i += 1
        if i > at + have - 6:
            return K_OTHER
        if u16(buf, i) == 4:
            return K_MQTT if u32(buf, i + 2) == 0x4D515454 else K_OTHER  # "MQTT"
        return K_MQTT if u16(buf, i) == 6 and u32(buf, i + 2) == 0x4D514973 else K_OTHER  # "MQIsdp"
    if first == 0x0D:  # PROXY protocol version 2: twelve fixed bytes
        if have < 12 or u32(buf, at) != 0x0D0A0D0A or u32(buf, at + 4) != 0x000D0A51 or u32(buf, at + 8) != 0x5549540A:
            return K_OTHER
        return K_PROXY_V2
    return K_OTHER


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
        return K_OTHER
    if (buf[at] | (buf[at + 1] << 8)) + 4 != length:
        return K_OTHER
    if buf[at + 4] == 0x0A:
        return K_MYSQL if digits(buf, at + 5, 1) and (buf[at + 6] == 0x2E or digits(buf, at + 6, 1)) else K_OTHER
    if buf[at + 4] == 0xFF and flat[base + S_SPORT] == 3306:
        flat[base + S_KIND_INFO] = buf[at + 5] | (buf[at + 6] << 8)
        return K_MYSQL
    return K_OTHER
