"""Capture files byte by byte, as the drafts of the pcap and pcapng formats describe them."""

from __future__ import annotations

import struct

LITTLE, BIG = "<", ">"
ETHERNET = 1


def pcap(packets, *, order=LITTLE, magic=0xA1B2C3D4, version=(2, 4), snaplen=262144, link=ETHERNET):
    """Write (seconds, subseconds, bytes[, wire length]) as a pcap file."""
    out = [struct.pack(order + "IHHIIII", magic, *version, 0, 0, snaplen, link)]
    extra = b"\0" * 8 if magic == 0xA1B2CD34 else b""
    for seconds, fraction, data, *wire in packets:
        out += [struct.pack(order + "IIII", seconds, fraction, len(data), *(wire or [len(data)])), extra, data]
    return b"".join(out)


def block(kind, body, *, order=LITTLE):
    body += b"\0" * (-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def option(code, value, *, order=LITTLE):
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def section(*, order=LITTLE, version=(1, 0), options=b""):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, -1) + options, order=order)


def interface(*, order=LITTLE, link=ETHERNET, snaplen=0, options=b""):
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + options, order=order)


def enhanced(data, *, order=LITTLE, number=0, ticks=0, wire=None, options=b""):
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire or len(data))
    return block(6, head + data + b"\0" * (-len(data) % 4) + options, order=order)


def obsolete(data, *, order=LITTLE, number=0, ticks=0, wire=None):
    head = struct.pack(order + "HHIIII", number, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire or len(data))
    return block(2, head + data, order=order)


def simple(data, *, order=LITTLE, wire=None):
    return block(3, struct.pack(order + "I", wire or len(data)) + data, order=order)


def statistics(number, *, order=LITTLE, options=b""):
    return block(5, struct.pack(order + "III", number, 0, 0) + options, order=order)
