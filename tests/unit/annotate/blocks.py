"""Takes pcapng files apart, without any help of whyrst."""

from __future__ import annotations

import struct

SECTION, INTERFACE, OBSOLETE, SIMPLE, PACKET = 0x0A0D0D0A, 1, 2, 3, 6
PACKETS = {OBSOLETE, SIMPLE, PACKET}
FIXED = {SECTION: 24, OBSOLETE: 28, PACKET: 28}
"""Bytes of a block before its packet or options."""


def blocks(data):
    """Byte order and bytes of each block; fails unless they fill the file."""
    found, at, order = [], 0, "<"
    while at < len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        (length,) = struct.unpack_from(order + "I", data, at + 4)
        one = data[at : at + length]
        assert len(one) == length >= 12
        assert one[-4:] == one[4:8]
        found.append((order, one))
        at += length
    return found


def kind(order, block):
    return struct.unpack_from(order + "I", block)[0]


def options_at(order, block):
    """Where the options of a section header or packet begin."""
    at = FIXED[kind(order, block)]
    if at == FIXED[PACKET]:
        captured = struct.unpack_from(order + "I", block, 20)[0]
        at += captured + -captured % 4
    return at


def comments(order, block):
    """The comments at the front of a block's options, and the block without those of whyrst."""
    at = start = options_at(order, block)
    found = []
    while at + 4 <= len(block) - 4:
        code, length = struct.unpack_from(order + "HH", block, at)
        value = block[at + 4 : at + 4 + length]
        if code != 1 or not value.startswith(b"whyrst"):
            break
        found.append(value.decode())
        at += 4 + length + -length % 4
    rest = block[at:-4]
    if found and rest == bytes(4):  # nothing but the end of options, which came with the comments
        rest = b""
    body = block[8:start] + rest
    total = struct.pack(order + "I", len(body) + 12)
    return found, block[:4] + total + body + total
