# mypy: disable-error-code="untyped-decorator, no-any-return, valid-type, misc, name-defined, import-not-found"
# Cython's pure-Python mode: the annotations are C types, which mypy does not know.
# ruff: noqa: F403, F405 - some two hundred numbers, all of one file
"""The loop over packets."""

from __future__ import annotations

import cython

from whyrst.fast.constants import *
from whyrst.fast.headers.layers import next_layer, next_protocol
from whyrst.fast.headers.links import first_layer
from whyrst.fast.headers.numbers import i64, mac, short_of, u16, u32
from whyrst.fast.headers.tcp import checksum, options


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
        base = row * S_COUNT
        if not records[i, P_KEEP]:
            skips[-1 - FILTERED] += 1
            continue
        at = records[i, P_OFFSET]
        got = records[i, P_CAPTURED]
        wire = records[i, P_WIRE]
        if at < 0 or at > size or got < 0:
            at = 0
            got = 0
        end = at + min(got, size - at)
        quality = Q_CUT if end - at < wire else 0
        if wire < end - at or wire > LONGEST_WIRE:
            wire = end - at
        limit = at + wire
        flat[base + S_TUNNEL] = 0
        flat[base + S_LINK_SRC] = -1
        flat[base + S_INTERFACE] = records[i, P_INTERFACE]
        if records[i, P_LINK] == 1 and end - at >= 14:
            flat[base + S_LINK_SRC] = mac(buffer, at + 6)
            step = u16(buffer, at + 12)
            at += 14
            if step < 0x600:
                step = LLC
        else:
            flat[base + S_QUALITY] = 0
            got = first_layer(buffer, flat, base, records[i, P_LINK], at, end, limit)
            if got < 0:
                skips[-1 - got] += 1
                continue
            quality |= flat[base + S_QUALITY]
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
                quality &= ~Q_ZERO_LENGTH
                if length == 0:
                    quality |= Q_ZERO_LENGTH
                else:
                    limit = at + length
                    end = min(end, limit)
                got = u16(buffer, at + 6)
                if got & 0x4000:
                    ip_flags = IP_DF
                if got & 0x3FFF:
                    if got & 0x1FFF:
                        got = LATER_FRAGMENT
                        break
                    ip_flags |= IP_FRAGMENT
                    sure = False
                flat[base + S_TOS] = buffer[at + 1]
                flat[base + S_IP_ID] = u16(buffer, at + 4)
                flat[base + S_TTL] = buffer[at + 8]
                flat[base + S_FLOW] = -1
                flat[base + S_SRC_HI] = 0
                flat[base + S_SRC_LO] = MAPPED | u32(buffer, at + 12)
                flat[base + S_DST_HI] = 0
                flat[base + S_DST_LO] = MAPPED | u32(buffer, at + 16)
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
                ip_flags = IP_V6
                sure = True
                quality &= ~Q_ZERO_LENGTH
                length = u16(buffer, at + 4)
                if length == 0:  # a jumbogram (RFC 2675), or segmentation offload
                    quality |= Q_ZERO_LENGTH
                else:
                    limit = at + 40 + length
                    end = min(end, limit)
                got = u32(buffer, at)
                flat[base + S_TOS] = (got >> 20) & 0xFF
                flat[base + S_FLOW] = got & 0xFFFFF
                flat[base + S_IP_ID] = -1
                flat[base + S_TTL] = buffer[at + 7]
                flat[base + S_SRC_HI] = i64(buffer, at + 8)
                flat[base + S_SRC_LO] = i64(buffer, at + 16)
                flat[base + S_DST_HI] = i64(buffer, at + 24)
                flat[base + S_DST_LO] = i64(buffer, at + 32)
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
                            ip_flags |= IP_FRAGMENT
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
            flat[base + S_IP_FLAGS] = ip_flags
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
            quality |= Q_CUT
        flat[base + S_FRAME] = first_frame + i
        flat[base + S_TIME] = records[i, P_TIME]
        flat[base + S_SPORT] = u16(buffer, at)
        flat[base + S_DPORT] = u16(buffer, at + 2)
        flat[base + S_SEQ] = u32(buffer, at + 4)
        flat[base + S_ACK] = u32(buffer, at + 8)
        flat[base + S_FLAGS] = tcp_flags
        flat[base + S_WINDOW] = u16(buffer, at + 14)
        flat[base + S_CHECKSUM] = u16(buffer, at + 16)
        flat[base + S_LENGTH] = length
        flat[base + S_HEADER] = header
        flat[base + S_WSCALE] = -1
        flat[base + S_MSS] = -1
        flat[base + S_MPTCP] = -1
        flat[base + S_MPTCP_REASON] = -1
        if header == 32 and end - at >= 32 and u32(buffer, at + 20) == 0x0101080A:
            # Two fillers and timestamps: what nearly every segment carries (RFC 7323 appendix A).
            flat[base + S_TSVAL] = u32(buffer, at + 24)
            flat[base + S_TSECR] = u32(buffer, at + 28)
            flat[base + S_OPTIONS] = HAS_TIMESTAMPS
        else:
            flat[base + S_TSVAL] = -1
            flat[base + S_TSECR] = -1
            found = 0
            if header > 20:
                found = options(buffer, flat, base, at + 20, end, at + header)
            flat[base + S_OPTIONS] = found
        if length == 0:
            if tcp_flags & 7 and sure and end - at >= header:
                quality |= checksum(buffer, flat, base, at, header)
        elif (
            length > 1460
            and wire > LONGEST_FRAME
            and flat[base + S_LINK_SRC] != 0
            and records[i, P_LINK] != 0
            and records[i, P_LINK] != 108
        ):
            quality |= Q_SUPER
        flat[base + S_QUALITY] = quality
        at += header
        at = min(at, end)
        flat[base + S_PAYLOAD_AT] = at
        flat[base + S_PAYLOAD_HAVE] = end - at
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
    if cython.compiled:
        from whyrst.fast.compiled.payload import classify
    else:
        from whyrst.fast.payload import classify

    flat: cython.longlong[::1] = memoryview(rows).cast("B").cast("q")
    row: cython.Py_ssize_t
    with cython.nogil:
        row = segments_of(buffer, records, first_frame, n, flat, skips)
    classify(buffer, rows, row)
    return row
