# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""Protocols whose messages begin with letters or digits."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.payload.names import host_header
from whyrst.fast.payload.numbers import u16, u32


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
        return K_OTHER
    word = u32(buf, at)
    if word == 0x5353482D:  # "SSH-"
        return K_SSH if buf[at + 4] == 0x31 or buf[at + 4] == 0x32 else K_OTHER
    if word == 0x47455420 or word == 0x50555420:  # "GET ", "PUT "
        size = 4
    elif (word == 0x504F5354 or word == 0x48454144) and buf[at + 4] == 0x20:  # "POST ", "HEAD "
        size = 5
    elif have >= 8:
        more = u32(buf, at + 4)
        if word == 0x48545450:  # "HTTP"
            if more >> 8 != 0x2F312E or (more & 0xFF) < 0x30 or (more & 0xFF) > 0x31:  # "/1.0", "/1.1"
                return K_OTHER
            if have < 12:
                return K_HTTP_RESPONSE
            code = (buf[at + 9] - 0x30) * 100 + (buf[at + 10] - 0x30) * 10 + (buf[at + 11] - 0x30)
            if buf[at + 8] != 0x20 or code < 100 or code > 999 or not digits(buf, at + 9, 3):
                return K_OTHER
            flat[base + S_KIND_INFO] = code
            return K_HTTP_RESPONSE
        if word == 0x50524920 and more == 0x2A204854:  # "PRI * HT"
            return K_HTTP2_PREFACE
        if word == 0x50524F58 and more >> 8 == 0x592054:  # "PROXY T"
            return K_PROXY_V1 if (more & 0xFF) == 0x43 else K_OTHER  # "PROXY TC"
        if word == 0x50524F58 and more == 0x5920554E:  # "PROXY UN"
            return K_PROXY_V1
        if (word == 0x50415443 and more >> 16 == 0x4820) or (word == 0x54524143 and more >> 16 == 0x4520):
            size = 6  # "PATCH ", "TRACE "
        elif word == 0x44454C45 and more >> 8 == 0x544520:  # "DELETE "
            size = 7
        elif (word == 0x4F505449 and more == 0x4F4E5320) or (word == 0x434F4E4E and more == 0x45435420):
            size = 8  # "OPTIONS ", "CONNECT "
        elif word == 0x50524F50 and more == 0x46494E44:  # "PROPFIND "
            size = 9
    if size == 0 or have <= size or buf[at + size - 1] != 0x20:
        return K_OTHER
    code = buf[at + size]
    if word == 0x434F4E4E:  # CONNECT is followed by a host: a letter, digit or bracket
        if code != 0x5B and not (0x30 <= code <= 0x39 or 0x41 <= code <= 0x5A or 0x61 <= code <= 0x7A):
            return K_OTHER
    elif code == 0x68 and have >= size + 4:  # "http://..." as a client asks a proxy
        if u32(buf, at + size) != 0x68747470:
            return K_OTHER
    elif code != 0x2F and not (code == 0x2A and word == 0x4F505449):  # "/", or "*" after OPTIONS
        return K_OTHER
    host_header(buf, flat, base, at, have)
    return K_HTTP_REQUEST


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
    kind: cython.longlong = K_OTHER
    port: cython.longlong = flat[base + S_SPORT]
    i: cython.Py_ssize_t
    if have < 4 or (buf[at + 3] != 0x20 and buf[at + 3] != 0x2D) or not digits(buf, at, 3) or buf[at + 1] > 0x35:
        return K_OTHER
    if port == 21:
        kind = K_FTP
    elif port == 25 or port == 465 or port == 587 or port == 2525:
        kind = K_SMTP
    elif u16(buf, at) == 0x3232 and buf[at + 2] == 0x30:  # "220" elsewhere: it must name the protocol
        for i in range(at + 4, at + min(have, 100) - 3):
            if (u32(buf, i) | 0x20202020) == 0x736D7470:  # "smtp"
                kind = K_SMTP
                break
            if (u32(buf, i) | 0x202020) == 0x20667470:  # " ftp"
                kind = K_FTP
                break
    if kind != K_OTHER:
        flat[base + S_KIND_INFO] = (buf[at] - 0x30) * 100 + (buf[at + 1] - 0x30) * 10 + (buf[at + 2] - 0x30)
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
        return K_REDIS if own_port and have >= 3 and buf[at] >= 0x41 and buf[at] <= 0x5A else K_OTHER
    if at < end and buf[at] == 0x2D:
        at += 1
        number = -1
    while at < end and 0x30 <= buf[at] <= 0x39 and count < 10:
        if number >= 0:
            number = number * 10 + buf[at] - 0x30
        count += 1
        at += 1
    if count == 0 or at > end - 2 or buf[at] != 0x0D or buf[at + 1] != 0x0A:
        return K_OTHER
    at += 2
    if own_port:
        return K_REDIS
    if first == 0x2A:  # "*": a command is an array of bulk strings
        return K_REDIS if number > 0 and at < end and buf[at] == 0x24 else K_OTHER
    if first == 0x24:  # "$": one whole bulk string
        return K_REDIS if number >= 0 and length == at - start + number + 2 else K_OTHER
    return K_OTHER
