"""Finds the packet records in a capture's bytes: pcap records and pcapng blocks.

The buffer holds a piece of the capture. A scan fills rows of `Rec` cells until the rows are full, the piece ends, or
something comes up that this loop does not decide: a block that describes the capture, a block to skip that is longer
than the piece, a length that cannot be true. `State.WHY` then says which, `State.AT` where.

Formats: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng; pcap's odd writers as in libpcap's sf-pcap.c. Times are
kept within 0..`FAR`, so that the difference of any two fits in 64 bits.

Uncompiled, the arrays must be memoryviews, whose cells are plain integers.
"""

# mypy: disable-error-code="valid-type, name-defined, untyped-decorator"
# (a memoryview type such as `cython.longlong[:, ::1]` is no type expression to mypy)
from __future__ import annotations

import cython

from whyrst.fast.layout import Rec
from whyrst.fast.scan import BLOCK_OVERHEAD, FAR, State, Unit, Why

_AT = cython.declare(cython.Py_ssize_t, State.AT)
_WHY = cython.declare(cython.Py_ssize_t, State.WHY)
_NEED = cython.declare(cython.Py_ssize_t, State.NEED)
_VALUE = cython.declare(cython.Py_ssize_t, State.VALUE)
_BIG = cython.declare(cython.Py_ssize_t, State.BIG)
_BOUND = cython.declare(cython.Py_ssize_t, State.BOUND)
_PREVIOUS = cython.declare(cython.Py_ssize_t, State.PREVIOUS)
_PACKETS = cython.declare(cython.Py_ssize_t, State.PACKETS)
_EARLIEST = cython.declare(cython.Py_ssize_t, State.EARLIEST)
_LATEST = cython.declare(cython.Py_ssize_t, State.LATEST)
_WIRE_BYTES = cython.declare(cython.Py_ssize_t, State.WIRE_BYTES)
_CAPTURED_BYTES = cython.declare(cython.Py_ssize_t, State.CAPTURED_BYTES)
_TICK = cython.declare(cython.Py_ssize_t, State.TICK)
_HEADER = cython.declare(cython.Py_ssize_t, State.HEADER)
_SWAP = cython.declare(cython.Py_ssize_t, State.SWAP)
_LINK = cython.declare(cython.Py_ssize_t, State.LINK)

_FULL = cython.declare(cython.longlong, Why.FULL)
_MORE = cython.declare(cython.longlong, Why.MORE)
_SKIP = cython.declare(cython.longlong, Why.SKIP)
_BLOCK = cython.declare(cython.longlong, Why.BLOCK)
_FILE = cython.declare(cython.longlong, Why.FILE)
_PACKET_LENGTH = cython.declare(cython.longlong, Why.PACKET_LENGTH)
_BLOCK_LENGTH = cython.declare(cython.longlong, Why.BLOCK_LENGTH)
_TRAILER = cython.declare(cython.longlong, Why.TRAILER)
_INTERFACE = cython.declare(cython.longlong, Why.INTERFACE)
_ZEROS = cython.declare(cython.longlong, Why.ZEROS)

_U_NUMBER = cython.declare(cython.Py_ssize_t, Unit.NUMBER)
_U_LINK = cython.declare(cython.Py_ssize_t, Unit.LINK)
_U_SNAPLEN = cython.declare(cython.Py_ssize_t, Unit.SNAPLEN)
_U_MULTIPLY = cython.declare(cython.Py_ssize_t, Unit.MULTIPLY)
_U_DIVIDE = cython.declare(cython.Py_ssize_t, Unit.DIVIDE)
_U_SHIFT = cython.declare(cython.Py_ssize_t, Unit.SHIFT)
_U_OFFSET = cython.declare(cython.Py_ssize_t, Unit.OFFSET)
_U_PACKETS = cython.declare(cython.Py_ssize_t, Unit.PACKETS)

_R_OFFSET = cython.declare(cython.Py_ssize_t, Rec.OFFSET)
_R_CAPTURED = cython.declare(cython.Py_ssize_t, Rec.CAPTURED)
_R_WIRE = cython.declare(cython.Py_ssize_t, Rec.WIRE)
_R_TIME = cython.declare(cython.Py_ssize_t, Rec.TIME)
_R_INTERFACE = cython.declare(cython.Py_ssize_t, Rec.INTERFACE)
_R_LINK = cython.declare(cython.Py_ssize_t, Rec.LINK)
_R_KEEP = cython.declare(cython.Py_ssize_t, Rec.KEEP)

_FAR = cython.declare(cython.longlong, FAR)
_OVERHEAD = cython.declare(cython.longlong, BLOCK_OVERHEAD)
_SECOND = cython.declare(cython.longlong, 1_000_000_000)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def u16(buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    """Read two bytes that the caller has checked to be there."""
    if big:
        return (buf[at] << 8) | buf[at + 1]
    return (buf[at + 1] << 8) | buf[at]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def u32(buf: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    """Read four bytes that the caller has checked to be there."""
    high: cython.longlong
    if big:
        high = buf[at]
        return (high << 24) | (buf[at + 1] << 16) | (buf[at + 2] << 8) | buf[at + 3]
    high = buf[at + 3]
    return (high << 24) | (buf[at + 2] << 16) | (buf[at + 1] << 8) | buf[at]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def nanoseconds(
    high: cython.longlong, low: cython.longlong, units: cython.longlong[:, ::1], unit: cython.Py_ssize_t
) -> cython.longlong:
    """Turn a pcapng timestamp (two 32-bit halves, unsigned) into nanoseconds since 1970, within 0..`FAR`."""
    ticks: cython.ulonglong = high
    rest: cython.ulonglong
    time: cython.longlong
    multiply: cython.longlong = units[unit, _U_MULTIPLY]
    divide: cython.longlong = units[unit, _U_DIVIDE]
    shift: cython.longlong = units[unit, _U_SHIFT]
    ticks = (ticks << 32) | low
    if multiply > 0:
        time = _FAR if ticks > _FAR // multiply else ticks * multiply
    elif divide > 0:
        ticks = ticks // divide
        time = min(ticks, _FAR)
    else:
        rest = ticks
        if shift < 64:
            ticks = ticks >> shift
            rest = rest - (ticks << shift)
        else:
            ticks = 0
        if shift > 33:  # 33 bits of the fraction are finer than a nanosecond, and their product with 10**9 fits
            shift -= 33
            rest = rest >> shift if shift < 64 else 0
            shift = 33
        time = _FAR if ticks > _FAR // _SECOND - 1 else ticks * _SECOND + ((rest * _SECOND) >> shift)
    time += units[unit, _U_OFFSET]  # within -FAR..FAR, as `time` is: the sum fits
    if time < 0:
        return 0
    return min(time, _FAR)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def note(
    records: cython.longlong[:, ::1],
    n: cython.Py_ssize_t,
    state: cython.longlong[::1],
    captured: cython.longlong,
    wire: cython.longlong,
    time: cython.longlong,
) -> cython.void:
    """Write the cells that both formats have, and add the packet to the sums."""
    records[n, _R_CAPTURED] = captured
    records[n, _R_WIRE] = wire
    records[n, _R_TIME] = time
    records[n, _R_KEEP] = 1
    if state[_PACKETS] == 0:
        state[_EARLIEST] = time
        state[_LATEST] = time
    elif time > state[_LATEST]:
        state[_LATEST] = time
    elif time < state[_EARLIEST]:
        state[_EARLIEST] = time
    state[_PREVIOUS] = time
    state[_PACKETS] += 1
    state[_WIRE_BYTES] += wire
    state[_CAPTURED_BYTES] += captured


def pcap(
    buf: cython.const[cython.uchar][::1],
    end: cython.Py_ssize_t,
    records: cython.longlong[:, ::1],
    state: cython.longlong[::1],
) -> cython.Py_ssize_t:
    """Find the records of a pcap file from `State.AT` on.

    Args:
        buf: A piece of the file.
        end: Bytes of it that are filled.
        records: Rows of `Rec` cells to fill.
        state: `State` cells, with those that the file's header gives.

    Returns:
        How many rows were filled.
    """
    at: cython.Py_ssize_t = state[_AT]
    n: cython.Py_ssize_t = 0
    rows: cython.Py_ssize_t = records.shape[0]
    big: cython.bint = state[_BIG] != 0
    header: cython.longlong = state[_HEADER]
    tick: cython.longlong = state[_TICK]
    bound: cython.longlong = state[_BOUND]
    link: cython.longlong = state[_LINK]
    swap: cython.bint = state[_SWAP] != 0
    seconds: cython.longlong
    captured: cython.longlong
    wire: cython.longlong
    why: cython.longlong = _MORE
    state[_NEED] = header
    while end - at >= header:
        seconds = u32(buf, at, big)
        captured = u32(buf, at + 8, big)
        wire = u32(buf, at + 12, big)
        if captured > wire:
            if swap:
                captured, wire = wire, captured
            else:
                wire = captured
        if captured == 0 and wire == 0:
            if seconds == 0 and u32(buf, at + 4, big) == 0:  # a second one tells zeros from an odd packet
                if end - at < 2 * header:
                    state[_NEED] = 2 * header
                    break
                if u32(buf, at + header, big) == 0 and u32(buf, at + header + 12, big) == 0:
                    why = _ZEROS
                    break
            # A file header here: its magic number where the seconds stand, version 2.4, zeros as both lengths.
            if (
                seconds == 0xA1B2C3D4
                or seconds == 0xA1B23C4D
                or seconds == 0xA1B2CD34
                or seconds == 0xD4C3B2A1
                or seconds == 0x4D3CB2A1
                or seconds == 0x34CDB2A1
            ) and (u32(buf, at + 4, True) == 0x00020004 or u32(buf, at + 4, True) == 0x02000400):
                why = _FILE
                break
        if captured > bound:
            state[_VALUE] = captured
            why = _PACKET_LENGTH
            break
        if end - at < header + captured:
            state[_NEED] = header + captured
            break
        if n == rows:
            why = _FULL
            break
        note(records, n, state, captured, wire, seconds * _SECOND + u32(buf, at + 4, big) * tick)
        records[n, _R_OFFSET] = at + header
        records[n, _R_INTERFACE] = 0
        records[n, _R_LINK] = link
        n += 1
        at += header + captured
    state[_AT] = at
    state[_WHY] = why
    return n


def pcapng(
    buf: cython.const[cython.uchar][::1],
    end: cython.Py_ssize_t,
    records: cython.longlong[:, ::1],
    state: cython.longlong[::1],
    units: cython.longlong[:, ::1],
    known: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Find the packet blocks of a pcapng section from `State.AT` on.

    Args:
        buf: A piece of the file.
        end: Bytes of it that are filled.
        records: Rows of `Rec` cells to fill.
        state: `State` cells, with the section's byte order.
        units: Rows of `Unit` cells, the section's interfaces; their packets are counted here.
        known: How many of them are filled.

    Returns:
        How many rows were filled.
    """
    at: cython.Py_ssize_t = state[_AT]
    n: cython.Py_ssize_t = 0
    rows: cython.Py_ssize_t = records.shape[0]
    big: cython.bint = state[_BIG] != 0
    bound: cython.longlong = state[_BOUND]
    kind: cython.longlong
    total: cython.longlong
    unit: cython.Py_ssize_t
    head: cython.longlong
    captured: cython.longlong
    wire: cython.longlong
    time: cython.longlong
    why: cython.longlong = _MORE
    state[_NEED] = 12
    while end - at >= 12:
        kind = u32(buf, at, big)
        if kind == 0x0A0D0D0A:  # section header: its length is in the byte order that it is about to announce
            why = _BLOCK
            break
        total = u32(buf, at + 4, big)
        state[_VALUE] = total
        if total < 12 or total & 3:
            why = _BLOCK_LENGTH
            break
        if kind == 6 or kind == 3 or kind == 2 or kind == 1 or kind == 5:
            if total > bound + _OVERHEAD or total < (16 if kind == 3 else 20 if kind == 1 else 24 if kind == 5 else 32):
                why = _BLOCK_LENGTH
                break
            if end - at < total:
                state[_NEED] = total
                break
        elif end - at < total:
            state[_NEED] = total
            why = _SKIP
            break
        if u32(buf, at + total - 4, big) != total:
            state[_VALUE] = u32(buf, at + total - 4, big)
            why = _TRAILER
            break
        if kind == 1 or kind == 5:
            why = _BLOCK
            break
        if kind != 6 and kind != 3 and kind != 2:
            at += total
            continue
        if n == rows:
            why = _FULL
            break
        if kind == 3:
            unit = 0
            head = 12
        else:
            unit = u32(buf, at + 8, big) if kind == 6 else u16(buf, at + 8, big)
            head = 28
        if unit >= known:
            state[_VALUE] = unit
            why = _INTERFACE
            break
        if kind == 3:
            wire = u32(buf, at + 8, big)
            captured = wire
            if units[unit, _U_SNAPLEN] > 0 and captured > units[unit, _U_SNAPLEN]:
                captured = units[unit, _U_SNAPLEN]
            captured = min(captured, total - 16)
            time = state[_PREVIOUS]
        else:
            captured = u32(buf, at + 20, big)
            wire = u32(buf, at + 24, big)
            if captured > total - 32 or captured > bound:
                state[_VALUE] = captured
                why = _PACKET_LENGTH
                break
            wire = max(wire, captured)
            time = nanoseconds(u32(buf, at + 12, big), u32(buf, at + 16, big), units, unit)
        note(records, n, state, captured, wire, time)
        records[n, _R_OFFSET] = at + head
        records[n, _R_INTERFACE] = units[unit, _U_NUMBER]
        records[n, _R_LINK] = units[unit, _U_LINK]
        units[unit, _U_PACKETS] += 1
        n += 1
        at += total
    state[_AT] = at
    state[_WHY] = why
    return n
