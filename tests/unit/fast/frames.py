"""Builders of packets, layer by layer from the inside: each takes what it carries and gives bytes."""

from __future__ import annotations

import struct
from ipaddress import ip_address

SRC, DST = "192.0.2.1", "198.51.100.2"
SRC6, DST6 = "2001:db8::1", "2001:db8:8000::2"
MAC_DST, MAC_SRC = bytes.fromhex("020000000002"), bytes.fromhex("0200000000a1")
TIMESTAMPS = bytes.fromhex("0101080a") + struct.pack("!II", 0x11223344, 0xFFEEDDCC)


def folded(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def pseudo(src, dst, size):
    return ip_address(src).packed + ip_address(dst).packed + struct.pack("!II", size, 6)


def tcp(
    payload=b"", *, src=SRC, dst=DST, sport=40000, dport=443, seq=0x89ABCDEF, ack=0xFEDCBA98, flags=0x18,
    window=501, options=b"", checksum=None,
):  # fmt: skip
    """Options are padded with zeros to a multiple of four bytes."""
    options += bytes(-len(options) % 4)
    bits = ((5 + len(options) // 4) << 12) | flags
    head = struct.pack("!HHIIHHHH", sport, dport, seq, ack, bits, window, 0, 0) + options
    if checksum is None:
        checksum = 0xFFFF - folded(pseudo(src, dst, len(head + payload)) + head + payload)
    return head[:16] + struct.pack("!H", checksum) + head[18:] + payload


def ipv4(inner, *, src=SRC, dst=DST, proto=6, ttl=57, ident=0xBEEF, frag=0x4000, tos=0x48, options=b"", total=None):
    total = 20 + len(options) + len(inner) if total is None else total
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, tos, total, ident, frag, ttl, proto, 0)
    head += ip_address(src).packed + ip_address(dst).packed + options
    return head[:10] + struct.pack("!H", 0xFFFF - folded(head)) + head[12:] + inner


def ipv6(inner, *, src=SRC6, dst=DST6, proto=6, hops=58, flow=0xABCDE, tos=0x20, length=None):
    length = len(inner) if length is None else length
    head = struct.pack("!IHBB", (6 << 28) | (tos << 20) | flow, length, proto, hops)
    return head + ip_address(src).packed + ip_address(dst).packed + inner


def ethernet(inner, kind=0x0800):
    return MAC_DST + MAC_SRC + struct.pack("!H", kind) + inner


def vlan(inner, kind=0x0800, tag=7):
    return struct.pack("!HH", tag, kind) + inner


def mpls(inner, *labels):
    labels = labels or (16,)
    stack = [struct.pack("!I", (label << 12) | ((i == len(labels) - 1) << 8) | 64) for i, label in enumerate(labels)]
    return b"".join(stack) + inner


def pppoe(inner, protocol=0x0021):
    return struct.pack("!BBHHH", 0x11, 0, 9, len(inner) + 2, protocol) + inner


def udp(inner, dport, sport=50000):
    return struct.pack("!HHHH", sport, dport, 8 + len(inner), 0) + inner


def gre(inner, kind=0x0800, *, key=False, sequence=False, checksum=False):
    bits = (0x8000 if checksum else 0) | (0x2000 if key else 0) | (0x1000 if sequence else 0)
    return struct.pack("!HH", bits, kind) + bytes(4 * (key + sequence + checksum)) + inner


def vxlan(inner):
    return udp(struct.pack("!II", 0x08000000, 42 << 8) + inner, 4789)


def geneve(inner, kind=0x6558, options=b""):
    return udp(struct.pack("!BBHI", len(options) // 4, 0, kind, 42 << 8) + options + inner, 6081)


def gtp(inner, extension=b""):
    if extension:
        body = struct.pack("!HBB", 0, 0, 0x85) + extension + inner
        return udp(struct.pack("!BBHI", 0x34, 255, len(body), 1) + body, 2152)
    return udp(struct.pack("!BBHI", 0x30, 255, len(inner), 1) + inner, 2152)


def ah(inner, proto=6):
    return struct.pack("!BBHII", proto, 4, 0, 1, 1) + bytes(12) + inner


def sll(inner, kind=0x0800, packet_type=0):
    return struct.pack("!HHH", packet_type, 1, 6) + MAC_SRC + b"\0\0" + struct.pack("!H", kind) + inner


def sll2(inner, kind=0x0800, packet_type=0, interface=5):
    return struct.pack("!HHIHBB", kind, 0, interface, 1, packet_type, 6) + MAC_SRC + b"\0\0" + inner


def nflog(inner):
    mark = struct.pack("<HHI", 8, 3, 0)
    prefix = struct.pack("<HH", 9, 10) + b"seen\0" + bytes(3)
    return struct.pack("!BBH", 2, 0, 1) + mark + prefix + struct.pack("<HH", 4 + len(inner), 9) + inner


def wlan(inner, kind=0x0800, *, qos=True):
    """A data frame from the access point."""
    head = struct.pack("<BBH", 0x88 if qos else 0x08, 2, 0) + MAC_DST + bytes(6) + MAC_SRC + bytes(2)
    return head + bytes(2 * qos) + bytes.fromhex("aaaa03000000") + struct.pack("!H", kind) + inner


def pcap(packets, link):
    """A file of packets (bytes, or bytes and wire length) with this LINKTYPE_ number."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, link)]
    for packet in packets:
        data, wire = packet if isinstance(packet, tuple) else (packet, len(packet))
        out.append(struct.pack("<IIII", 1_700_000_000, 0, len(data), wire) + data)
    return b"".join(out)
