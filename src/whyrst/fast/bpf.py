"""Runs classic BPF programs (what libpcap makes of a filter expression) over the packets of a batch.

The machine is that of McCanne and Jacobson, "The BSD Packet Filter" (1993), as libpcap's `bpf_filter.c` runs it on
saved captures: two unsigned 32-bit registers A and X, sixteen words of scratch memory, loads in network order. A load
outside the captured bytes and a division by zero end the program with "no". Linux' ancillary loads (offsets from
0xfffff000 on) lie outside every packet, so they end it the same way.

A program is a table of rows (code, jt, jf, k) that `whyrst.capture.filter.validated` has let through. Uncompiled, the
arrays must be memoryviews, whose cells are plain integers.
"""

# mypy: disable-error-code="valid-type, name-defined, untyped-decorator"
# (a memoryview type such as `cython.longlong[:, ::1]` is no type expression to mypy)
from __future__ import annotations

import cython

from whyrst.fast.layout import Rec

OFFSET = cython.declare(cython.Py_ssize_t, Rec.OFFSET)
CAPTURED = cython.declare(cython.Py_ssize_t, Rec.CAPTURED)
WIRE = cython.declare(cython.Py_ssize_t, Rec.WIRE)
LINK = cython.declare(cython.Py_ssize_t, Rec.LINK)
KEEP = cython.declare(cython.Py_ssize_t, Rec.KEEP)
LOOPS = cython.declare(cython.longlong, 65536)


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def load(
    buf: cython.const[cython.uchar][::1],
    start: cython.longlong,
    have: cython.longlong,
    at: cython.longlong,
    size: cython.longlong,
) -> cython.longlong:
    """Give `size` (1, 2 or 4) bytes at `at` of the packet in network order, -1 when they were not captured."""
    value: cython.longlong
    if at < 0 or at > have - size:
        return -1
    at += start
    value = buf[at]
    if size > 1:
        value = (value << 8) | buf[at + 1]
    if size > 2:
        value = (((value << 8) | buf[at + 2]) << 8) | buf[at + 3]
    return value


@cython.cfunc
@cython.exceptval(check=False)
def execute(
    program: cython.longlong[:, ::1],
    memory: cython.longlong[::1],
    buf: cython.const[cython.uchar][::1],
    start: cython.longlong,
    have: cython.longlong,
    wire: cython.longlong,
) -> cython.longlong:
    """Run the program on one packet: bytes `start` to `start + have` of `buf`; 0 means "no"."""
    pc: cython.longlong = 0
    end: cython.longlong = program.shape[0]
    loops: cython.longlong = 0
    code: cython.longlong
    k: cython.ulonglong
    got: cython.longlong
    a: cython.ulonglong = 0
    x: cython.ulonglong = 0
    test: cython.bint
    while 0 <= pc < end:
        code = program[pc, 0]
        k = program[pc, 3]
        # Loads. Codes are those of <pcap/bpf.h>, class | size | mode.
        if code == 0x28:  # A = 2 bytes at k
            got = load(buf, start, have, k, 2)
            if got < 0:
                return 0
            a = got
        elif code == 0x30:  # A = byte at k
            got = load(buf, start, have, k, 1)
            if got < 0:
                return 0
            a = got
        elif code == 0x20:  # A = 4 bytes at k
            got = load(buf, start, have, k, 4)
            if got < 0:
                return 0
            a = got
        elif code == 0x15 or code == 0x25 or code == 0x35 or code == 0x45:  # jump on A against k
            test = a == k if code == 0x15 else a > k if code == 0x25 else a >= k if code == 0x35 else (a & k) != 0
            pc += program[pc, 1] if test else program[pc, 2]
        elif code == 0x1D or code == 0x2D or code == 0x3D or code == 0x4D:  # jump on A against X
            test = a == x if code == 0x1D else a > x if code == 0x2D else a >= x if code == 0x3D else (a & x) != 0
            pc += program[pc, 1] if test else program[pc, 2]
        elif code == 0xB1:  # X = 4 times the low four bits of the byte at k: the length of an IPv4 header
            got = load(buf, start, have, k, 1)
            if got < 0:
                return 0
            x = (got & 0xF) << 2
        elif code == 0x48:  # A = 2 bytes at X + k
            got = load(buf, start, have, k + x, 2)
            if got < 0:
                return 0
            a = got
        elif code == 0x50:  # A = byte at X + k
            got = load(buf, start, have, k + x, 1)
            if got < 0:
                return 0
            a = got
        elif code == 0x40:  # A = 4 bytes at X + k
            got = load(buf, start, have, k + x, 4)
            if got < 0:
                return 0
            a = got
        elif code == 0x06:  # return k
            return k
        elif code == 0x16:  # return A
            return a
        elif code == 0x00:  # A = k
            a = k
        elif code == 0x01:  # X = k
            x = k
        elif code == 0x80:  # A = length on the wire
            a = wire
        elif code == 0x81:  # X = length on the wire
            x = wire
        elif code == 0x60:  # A = memory
            a = memory[k]
        elif code == 0x61:  # X = memory
            x = memory[k]
        elif code == 0x02:  # memory = A
            memory[k] = a
        elif code == 0x03:  # memory = X
            memory[k] = x
        elif code == 0x05:  # jump always; backwards only in libpcap's `protochain`
            got = k
            if got >= 0x80000000:
                loops += 1
                if loops > LOOPS:
                    return 0
                got -= 0x100000000
            pc += got
        elif code == 0x07:  # X = A
            x = a
        elif code == 0x87:  # A = X
            a = x
        elif code == 0x84:  # A = -A
            a = (0x100000000 - a) & 0xFFFFFFFF
        else:  # arithmetic with k, or with X when bit 3 is set
            if code & 0x08:
                k = x
                code -= 0x08
            if code == 0x04:
                a = (a + k) & 0xFFFFFFFF
            elif code == 0x14:
                a = (a + 0x100000000 - k) & 0xFFFFFFFF
            elif code == 0x24:
                a = (a * k) & 0xFFFFFFFF
            elif code == 0x34:
                if k == 0:
                    return 0
                a = a // k
            elif code == 0x94:
                if k == 0:
                    return 0
                a = a % k
            elif code == 0x44:
                a = a | k
            elif code == 0x54:
                a = a & k
            elif code == 0xA4:
                a = a ^ k
            elif code == 0x64:
                a = (a << k) & 0xFFFFFFFF if k < 32 else 0
            elif code == 0x74:
                a = a >> k if k < 32 else 0
            else:
                return 0
        pc += 1
    return 0


def select(
    program: cython.longlong[:, ::1],
    memory: cython.longlong[::1],
    buf: cython.const[cython.uchar][::1],
    rows: cython.longlong[:, ::1],
    link: cython.longlong,
    n: cython.Py_ssize_t,
) -> cython.longlong:
    """Set `Rec.KEEP` to 1 or 0 in those of the first `n` records that have this link type.

    Args:
        program: A validated program.
        memory: Sixteen words of scratch memory; 0 at the start of each packet.
        buf: The bytes that the records point into.
        rows: Records, cells as `Rec` numbers them. A record that leaves the buffer is cut at its end.
        link: LINKTYPE_ number that the program was compiled for.
        n: How many records.

    Returns:
        How many records were kept.
    """
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    start: cython.longlong
    have: cython.longlong
    size: cython.longlong = buf.shape[0]
    kept: cython.longlong = 0
    for i in range(min(n, rows.shape[0])):
        if rows[i, LINK] != link:
            continue
        start = rows[i, OFFSET]
        have = rows[i, CAPTURED]
        if start < 0 or start > size or have < 0:
            start = 0
            have = 0
        have = min(have, size - start)
        for j in range(16):
            memory[j] = 0
        rows[i, KEEP] = execute(program, memory, buf, start, have, rows[i, WIRE] & 0xFFFFFFFF) != 0
        kept += rows[i, KEEP]
    return kept
