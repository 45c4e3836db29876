# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, type-arg, misc, name-defined"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""The log of recent connections: a line for each, brought up to date when it leaves the table or resets are judged."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def write_log(
    t: cython.longlong[::1], log: cython.longlong[::1], g: cython.longlong[::1], slot: cython.longlong
) -> cython.void:
    """Bring a connection's line in the log up to date, if the log still holds it."""
    b: cython.longlong = slot * WIDTH
    whole: cython.longlong = log.shape[0] // L_COUNT
    size: cython.longlong = whole - PADDING
    line: cython.longlong = t[b + C_LOG]
    if line < g[G_LINES] - size:
        return
    at: cython.longlong = line % size
    a: cython.longlong = b + SIDE_A
    z: cython.longlong = b + SIDE_B
    end: cython.longlong = 0
    when: cython.longlong = 0
    log[L_STREAM * whole + at] = t[b + C_STREAM]
    log[L_CLIENT_HI * whole + at] = t[b + C_CLIENT_HI]
    log[L_CLIENT_LO * whole + at] = t[b + C_CLIENT_LO]
    log[L_SERVER_HI * whole + at] = t[b + C_SERVER_HI]
    log[L_SERVER_LO * whole + at] = t[b + C_SERVER_LO]
    log[L_PORTS * whole + at] = t[b + C_PORTS]
    log[L_T_FIRST * whole + at] = t[b + C_FIRST_TIME]
    log[L_T_SYN * whole + at] = t[b + C_T_SYN]
    log[L_T_SYNACK * whole + at] = t[b + C_T_SYNACK]
    log[L_T_LAST * whole + at] = t[b + C_LAST_TIME]
    log[L_CLIENT_BYTES * whole + at] = t[a + D_BYTES]
    log[L_SERVER_BYTES * whole + at] = t[z + D_BYTES]
    log[L_SYN_PRINT * whole + at] = t[a + D_SYN_OPTIONS] << 16 | (t[a + D_SYN_WINDOW] & 0xFFFF)
    log[L_CLIENT_NXT * whole + at] = t[a + D_NXT]
    log[L_SERVER_NXT * whole + at] = t[z + D_NXT]
    log[L_CLIENT_TTL * whole + at] = t[a + D_TTL]
    log[L_SERVER_TTL * whole + at] = t[z + D_TTL]
    log[L_NAME * whole + at] = t[b + C_NAME]
    log[L_LOCAL * whole + at] = (
        (1 if t[a + D_UNSUMMED] > 0 else 0)
        | (2 if t[z + D_UNSUMMED] > 0 else 0)
        | (4 if t[a + D_FLOW] > 0 else 0)
        | (8 if t[z + D_FLOW] > 0 else 0)
    )
    if t[a + D_FINS] > 0:
        end |= 1
        when = t[a + D_FIN_TIME]
    if t[z + D_FINS] > 0:
        end |= 2
        if when == 0 or t[z + D_FIN_TIME] < when:
            when = t[z + D_FIN_TIME]
            end |= 32
    if t[a + D_RSTS] > 0:
        end |= 4
    if t[z + D_RSTS] > 0:
        end |= 8
        if t[a + D_NXT] >= 0 and t[z + D_PACKETS] == 0:
            end |= 16
        if t[z + D_RST_ACK] != 0 and t[z + D_PACKETS] > 0:
            end |= 64
    if t[b + C_RESET_TIME] != 0 and (when == 0 or t[b + C_RESET_TIME] < when):
        when = t[b + C_RESET_TIME]
    log[L_T_END * whole + at] = when
    log[L_END * whole + at] = end


def sync(t: cython.longlong[::1], log: cython.longlong[::1], g: cython.longlong[::1]) -> cython.void:
    """Bring the log's lines of all connections in the table up to date (before judging)."""
    slot: cython.longlong
    for slot in range(g[G_HIGH]):
        if t[slot * WIDTH + C_USED] != 0:
            write_log(t, log, g, slot)


def count_open(t: cython.longlong[::1], g: cython.longlong[::1]) -> cython.void:
    """Count what the connections still in the table lack, as `release` does for those that left it."""
    slot: cython.longlong
    b: cython.longlong
    for slot in range(g[G_HIGH]):
        b = slot * WIDTH
        if t[b + C_USED] == 0:
            continue
        if t[b + C_KNOWN] == 0 or t[b + SIDE_A + D_ISN] < 0:
            g[G_NO_HANDSHAKE] += 1
        if (
            t[b + SIDE_A + D_PACKETS] + t[b + SIDE_A + D_RSTS] == 0
            or t[b + SIDE_B + D_PACKETS] + t[b + SIDE_B + D_RSTS] == 0
        ) and t[b + C_PACKETS] > 3:
            g[G_ONE_SIDED] += 1


def edition() -> cython.longlong:
    """Which numbers of `fast.constants` these loops were built for."""
    return BUILT_FOR
