"""Looks through segments for those by which a comparison of captures knows connections again.

`look` is for the first reading of a capture: SYNs, resets, the first payload of each direction, and a sample. `pick` is
for the second one: all segments of some connections.

An event is a column of a table: some cells of its segment, then a hash of both ends (the same for both directions),
which of them sent it (0 or 1), and a fingerprint. Hashes are those of `whyrst.compare.survey.mixed`.

Uncompiled, the arrays must be memoryviews, whose cells are plain integers.
"""

# mypy: disable-error-code="valid-type, name-defined, untyped-decorator, no-any-return"
# (a memoryview type such as `cython.longlong[:, ::1]` is no type expression to mypy)
from __future__ import annotations

import cython

from whyrst.fast.layout import Flag, Seg

SRC_HI = cython.declare(cython.Py_ssize_t, Seg.SRC_HI)
SRC_LO = cython.declare(cython.Py_ssize_t, Seg.SRC_LO)
DST_HI = cython.declare(cython.Py_ssize_t, Seg.DST_HI)
DST_LO = cython.declare(cython.Py_ssize_t, Seg.DST_LO)
SPORT = cython.declare(cython.Py_ssize_t, Seg.SPORT)
DPORT = cython.declare(cython.Py_ssize_t, Seg.DPORT)
SEQ = cython.declare(cython.Py_ssize_t, Seg.SEQ)
ACK = cython.declare(cython.Py_ssize_t, Seg.ACK)
FLAGS = cython.declare(cython.Py_ssize_t, Seg.FLAGS)
PAYLOAD_AT = cython.declare(cython.Py_ssize_t, Seg.PAYLOAD_AT)
PAYLOAD_HAVE = cython.declare(cython.Py_ssize_t, Seg.PAYLOAD_HAVE)
SYN = cython.declare(cython.longlong, Flag.SYN)
RST = cython.declare(cython.longlong, Flag.RST)

M64 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
"""Keeps uncompiled arithmetic within 64 bits, as the compiled one is."""
M63 = cython.declare(cython.ulonglong, 0x7FFFFFFFFFFFFFFF)
M62 = cython.declare(cython.ulonglong, 0x3FFFFFFFFFFFFFFF)
SIGN = cython.declare(cython.longlong, 0x4000000000000000)
"""Half of the highest bit's worth: the whole one is no signed number."""
ODD_A = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
ODD_B = cython.declare(cython.ulonglong, 0xC2B2AE3D27D4EB4F)
ODD_C = cython.declare(cython.ulonglong, 0x165667B19E3779F9)
"""Multipliers that spread bits, as `mixed` has them."""
PRINTED = cython.declare(cython.Py_ssize_t, 64)
"""Payload bytes in a fingerprint at most."""


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def spread(total: cython.ulonglong) -> cython.ulonglong:
    """Let every bit of a sum count in the upper ones."""
    total = total ^ (total >> 29)
    return (total * ODD_B) & M64


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def end(hi: cython.longlong, lo: cython.longlong, port: cython.longlong) -> cython.ulonglong:
    """Hash of an address and a port."""
    a: cython.ulonglong = hi & M64
    b: cython.ulonglong = lo & M64
    c: cython.ulonglong = port
    a = a * ODD_A + b * ODD_B + c * ODD_C
    return spread(a & M64)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def chance(seq: cython.longlong, ack: cython.longlong) -> cython.longlong:
    """A number of 62 bits for a segment, the same in every capture without sequence rewriting."""
    a: cython.ulonglong = seq
    b: cython.ulonglong = ack
    a = a * ODD_A + b * ODD_B
    return spread(a & M64) & M62


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def signed(bits: cython.ulonglong) -> cython.longlong:
    """64 bits as a cell holds them."""
    value: cython.longlong = bits & M63
    if bits >> 63:
        value = value - SIGN - SIGN
    return value


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def slot(key: cython.longlong, mask: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Where a hash has its place among a power of two of them."""
    return (key ^ (key >> 32)) & mask


@cython.cfunc
@cython.nogil
@cython.exceptval(-1)
def fingerprint(
    buffer: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, have: cython.Py_ssize_t
) -> cython.longlong:
    """A number of 63 bits for a payload's first bytes; of text, for its first line: proxies add further ones."""
    i: cython.Py_ssize_t
    size: cython.Py_ssize_t = min(have, PRINTED)
    word: cython.ulonglong = 0
    byte: cython.ulonglong
    if 0x20 <= buffer[at] < 0x7F:
        for i in range(size - 1):
            if buffer[at + i] == 0x0D and buffer[at + i + 1] == 0x0A:
                size = i
                break
    total: cython.ulonglong = size
    for i in range(size):
        byte = buffer[at + i]
        word = word | (byte << ((i & 7) << 3))
        if i & 7 == 7 or i == size - 1:
            total = spread(total ^ word)
            word = 0
    return spread(total) & M63


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(-1)
def put(
    table: cython.longlong[:, ::1],
    at: cython.Py_ssize_t,
    rows: cython.longlong[:, ::1],
    i: cython.Py_ssize_t,
    cells: cython.longlong[::1],
    key: cython.longlong,
    side: cython.longlong,
    mark: cython.longlong,
) -> cython.int:
    """Make row i an event in a column of a table."""
    k: cython.Py_ssize_t
    last: cython.Py_ssize_t = cells.shape[0]
    for k in range(last):
        table[k, at] = rows[i, cells[k]]
    table[last, at] = key
    table[last + 1, at] = side
    table[last + 2, at] = mark
    return 0


def look(
    rows: cython.longlong[:, ::1],
    n: cython.Py_ssize_t,
    buffer: cython.const[cython.uchar][::1],
    cells: cython.longlong[::1],
    marks: cython.longlong[:, ::1],
    marked: cython.Py_ssize_t,
    samples: cython.longlong[:, ::1],
    sampled: cython.Py_ssize_t,
    threshold: cython.longlong,
    passed: cython.longlong[::1],
) -> tuple[int, int]:
    """Note SYNs, resets and the first payload of each direction in one table, a sample of others in another.

    Args:
        rows: Segments.
        n: How many of them count.
        buffer: The bytes that `Seg.PAYLOAD_AT` points into.
        cells: Those that an event keeps.
        marks: Table with room for n more events.
        marked: How many are there.
        samples: Likewise.
        sampled: Likewise.
        threshold: The sample holds segments whose `chance` is below.
        passed: Directions whose first payload passed, each at its `slot`; a power of two.

    Returns:
        `marked` and `sampled` after that.
    """
    i: cython.Py_ssize_t
    at: cython.Py_ssize_t
    have: cython.Py_ssize_t
    mask: cython.Py_ssize_t = passed.shape[0] - 1
    flags: cython.longlong
    source: cython.ulonglong
    target: cython.ulonglong
    key: cython.longlong
    side: cython.longlong
    way: cython.longlong
    with cython.nogil:
        for i in range(n):
            source = end(rows[i, SRC_HI], rows[i, SRC_LO], rows[i, SPORT])
            target = end(rows[i, DST_HI], rows[i, DST_LO], rows[i, DPORT])
            key = signed((source + target) & M64)
            side = signed(source) > signed(target)
            flags = rows[i, FLAGS]
            if flags & (SYN | RST):
                put(marks, marked, rows, i, cells, key, side, -1)
                marked += 1
                if flags & RST == 0:  # A connection begins.
                    passed[slot(key, mask)] = 0
                    passed[slot(key ^ 1, mask)] = 0
                continue
            if chance(rows[i, SEQ], rows[i, ACK]) < threshold:
                put(samples, sampled, rows, i, cells, key, side, -1)
                sampled += 1
            at = rows[i, PAYLOAD_AT]
            have = rows[i, PAYLOAD_HAVE]
            if have > 0 and 0 <= at <= buffer.shape[0] - have:
                way = key ^ side
                if passed[slot(way, mask)] != way:
                    passed[slot(way, mask)] = way
                    put(marks, marked, rows, i, cells, key, side, fingerprint(buffer, at, have))
                    marked += 1
    return marked, sampled


def pick(
    rows: cython.longlong[:, ::1],
    n: cython.Py_ssize_t,
    cells: cython.longlong[::1],
    wanted: cython.const[cython.uchar][::1],
    table: cython.longlong[:, ::1],
    used: cython.Py_ssize_t,
) -> int:
    """Note the segments of some connections in a table, and a few of others.

    Args:
        rows: Segments.
        n: How many of them count.
        cells: Those that an event keeps.
        wanted: Not 0 at the `slot` of these connections; a power of two.
        table: Has room for n more events.
        used: How many are there.

    Returns:
        `used` after that.
    """
    i: cython.Py_ssize_t
    mask: cython.Py_ssize_t = wanted.shape[0] - 1
    source: cython.ulonglong
    target: cython.ulonglong
    key: cython.longlong
    with cython.nogil:
        for i in range(n):
            source = end(rows[i, SRC_HI], rows[i, SRC_LO], rows[i, SPORT])
            target = end(rows[i, DST_HI], rows[i, DST_LO], rows[i, DPORT])
            key = signed((source + target) & M64)
            if wanted[slot(key, mask)]:
                put(table, used, rows, i, cells, key, signed(source) > signed(target), -1)
                used += 1
    return used
