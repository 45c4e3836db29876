from __future__ import annotations

import shutil
import struct
import subprocess
from functools import reduce
from ipaddress import ip_address

import pytest

from unit.fast import frames
from unit.fast.frames import (
    TIMESTAMPS,
    ah,
    ethernet,
    geneve,
    gre,
    gtp,
    ipv4,
    ipv6,
    mpls,
    nflog,
    pcap,
    pppoe,
    sll,
    sll2,
    tcp,
    udp,
    vlan,
    vxlan,
)  # fmt: skip
from unit.fast.segments_of import decode, one, skip
from whyrst.fast.layout import Flag, IpFlag, Opt, Quality, Tunnel

V6 = 0x86DD
SEGMENT = tcp(b"some payload", options=TIMESTAMPS)
SEGMENT6 = tcp(b"some payload", options=TIMESTAMPS, src=frames.SRC6, dst=frames.DST6)
PACKET = ipv4(SEGMENT)
PACKET6 = ipv6(SEGMENT6)
FRAME = ethernet(PACKET)
NINE_TAGS = reduce(vlan, [0x8100] * 8, vlan(PACKET))
SYN_OPTIONS = bytes.fromhex("020405b4 0402 080a0000000a00000000 01 030307")

LAYERS = {
    "ethernet": (1, FRAME, 0),
    "ethernet v6": (1, ethernet(PACKET6, V6), 0),
    "vlan": (1, ethernet(vlan(PACKET), 0x8100), 0x1),
    "qinq": (1, ethernet(vlan(vlan(PACKET), 0x8100), 0x88A8), 0x11),
    "mpls": (1, ethernet(mpls(PACKET, 17, 18), 0x8847), 0x2),
    "mpls pseudowire": (1, ethernet(mpls(bytes(4) + FRAME), 0x8847), 0x2),
    "pppoe": (1, ethernet(pppoe(PACKET), 0x8864), 0x3),
    "pppoe v6": (1, ethernet(pppoe(PACKET6, 0x57), 0x8864), 0x3),
    "llc snap": (1, frames.MAC_DST + frames.MAC_SRC + struct.pack("!H", 8 + len(PACKET))
                 + bytes.fromhex("aaaa030000000800") + PACKET, 0),
    "sll": (113, sll(PACKET), 0),
    "sll2": (276, sll2(PACKET6, V6), 0),
    "raw": (101, PACKET, 0),
    "raw v6": (101, PACKET6, 0),
    "dlt raw": (12, PACKET, 0),
    "ipv4": (228, PACKET, 0),
    "ipv6": (229, PACKET6, 0),
    "null": (0, struct.pack("<I", 2) + PACKET, 0),
    "null big-endian": (0, struct.pack(">I", 2) + PACKET, 0),
    "null v6": (0, struct.pack("<I", 30) + PACKET6, 0),
    "loop": (108, struct.pack(">I", 2) + PACKET, 0),
    "ppp": (9, b"\xff\x03\x00\x21" + PACKET, 0),
    "ppp bare": (9, b"\x00\x57" + PACKET6, 0),
    "ppp hdlc": (50, b"\xff\x03\x00\x21" + PACKET, 0),
    "cisco hdlc": (104, b"\x0f\x00\x08\x00" + PACKET, 0),
    "frame relay": (107, b"\x18\x41\x03\xcc" + PACKET, 0),
    "nflog": (239, nflog(PACKET), 0),
    "wlan": (105, frames.wlan(PACKET), 0),
    "wlan without qos": (105, frames.wlan(PACKET6, V6, qos=False), 0),
    "radiotap": (127, struct.pack("<BBHI", 0, 0, 8, 0) + frames.wlan(PACKET), 0),
    "gre wlan": (1, ethernet(ipv4(gre(frames.wlan(PACKET), 0x8200), proto=47)), 0x6),
    "ipip": (1, ethernet(ipv4(PACKET, proto=4)), 0x4),
    "6in4": (1, ethernet(ipv4(PACKET6, proto=41)), 0x5),
    "4in6": (1, ethernet(ipv6(PACKET, proto=4), V6), 0x5),
    "6in6": (1, ethernet(ipv6(PACKET6, proto=41), V6), 0x4),
    "gre": (1, ethernet(ipv4(gre(PACKET), proto=47)), 0x6),
    "gre full": (1, ethernet(ipv4(gre(PACKET6, V6, key=True, sequence=True, checksum=True), proto=47)), 0x6),
    "gre ethernet": (1, ethernet(ipv4(gre(FRAME, 0x6558, key=True), proto=47)), 0x6),
    "gre mpls": (1, ethernet(ipv4(gre(mpls(PACKET), 0x8847), proto=47)), 0x62),
    "pptp": (1, ethernet(ipv4(struct.pack("!HHHHI", 0x3001, 0x880B, len(PACKET) + 4, 1, 2) + b"\xff\x03\0\x21"
                              + PACKET, proto=47)), 0x6),
    "erspan i": (1, ethernet(ipv4(gre(FRAME, 0x88BE), proto=47)), 0x7),
    "erspan ii": (1, ethernet(ipv4(gre(struct.pack("!II", 0x10010001, 1) + FRAME, 0x88BE, sequence=True), proto=47)),
                  0x7),
    "erspan iii": (1, ethernet(ipv4(gre(struct.pack("!III", 0x20010001, 1, 0) + FRAME, 0x22EB, sequence=True),
                                    proto=47)), 0x7),
    "vxlan": (1, ethernet(ipv4(vxlan(FRAME), proto=17)), 0x8),
    "vlan, vxlan, vlan": (1, ethernet(vlan(ipv4(vxlan(ethernet(vlan(PACKET), 0x8100)), proto=17)), 0x8100), 0x181),
    "geneve": (1, ethernet(ipv4(geneve(FRAME, options=bytes(8)), proto=17)), 0x9),
    "geneve ip": (1, ethernet(ipv6(geneve(PACKET, 0x0800), proto=17), V6), 0x9),
    "gtp": (1, ethernet(ipv4(gtp(PACKET), proto=17)), 0xA),
    "gtp extension": (1, ethernet(ipv4(gtp(PACKET, b"\x01\x10\x01\x00"), proto=17)), 0xA),
    "ah": (1, ethernet(ipv4(ah(SEGMENT), proto=51)), 0xB),
    "ah v6": (1, ethernet(ipv6(ah(SEGMENT6), proto=51), V6), 0xB),
    "hop-by-hop": (1, ethernet(ipv6(b"\x06\0\x01\x04" + bytes(4) + SEGMENT6, proto=0), V6), 0),
    "destination": (1, ethernet(ipv6(b"\x06\x01\x01\x0c" + bytes(12) + SEGMENT6, proto=60), V6), 0),
    "routing": (1, ethernet(ipv6(b"\x06\x02\x02\x00" + bytes(20) + SEGMENT6, proto=43), V6), 0),
    "ip options": (1, ethernet(ipv4(SEGMENT, options=b"\x94\x04\0\0")), 0),
}  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_gives_the_same_segment(layer):
    link, packet, chain = LAYERS[layer]
    got = one(packet, link, interface=0)
    six = got.ip_flags & IpFlag.V6
    assert (got.sport, got.dport, got.seq, got.ack) == (40000, 443, 0x89ABCDEF, 0xFEDCBA98)
    assert (got.flags, got.window, got.length, got.header) == (Flag.PSH | Flag.ACK, 501, 12, 32)
    assert (got.tsval, got.tsecr, got.options) == (0x11223344, 0xFFEEDDCC, Opt.TIMESTAMPS)
    assert got.buffer[got.payload_at : got.payload_at + got.payload_have] == b"some payload"
    assert got.tunnel == chain
    assert got.frame == 1
    assert got.time == 1000
    if six:
        assert (got.ttl, got.ip_id, got.tos, got.flow) == (58, -1, 0x20, 0xABCDE)
        numbers = (got.src_hi % 2**64 << 64 | got.src_lo % 2**64, got.dst_hi % 2**64 << 64 | got.dst_lo % 2**64)
        assert numbers == (int(ip_address(frames.SRC6)), int(ip_address(frames.DST6)))
    else:
        assert (got.ttl, got.ip_id, got.tos, got.flow) == (57, 0xBEEF, 0x48, -1)
        assert (got.src_hi, got.src_lo) == (0, 0xFFFF << 32 | int(ip_address(frames.SRC)))
        assert (got.dst_hi, got.dst_lo) == (0, 0xFFFF << 32 | int(ip_address(frames.DST)))
        assert got.ip_flags & IpFlag.DF


@pytest.mark.parametrize("layer", LAYERS)
def test_a_packet_cut_anywhere_is_cut_and_never_another_thing(layer):
    link, packet, _ = LAYERS[layer]
    whole = one(packet, link)
    for size in range(len(packet)):
        segments, skips = decode([(packet[:size], len(packet))], link)
        if size >= whole.payload_at - 5 - 12:  # the TCP header's first 20 bytes are there
            assert segments[0].seq == whole.seq
            assert segments[0].length == 12
            assert segments[0].quality & Quality.CUT
        else:
            assert skips in ({"CUT": 1}, {"NOT_TCP": 1}), size


FIELDS = (
    "frame.number", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value", "tcp.len", "tcp.hdr_len",
    "tcp.checksum", "ip.ttl", "ipv6.hlim", "ip.id", "tcp.options.timestamp.tsval", "tcp.options.mss_val",
    "tcp.options.wscale.shift", "ip.dsfield", "ipv6.flow",
)  # fmt: skip


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("link", sorted({link for link, _, _ in LAYERS.values()}))
def test_fields_are_those_that_tshark_reads(link, tmp_path):
    # tshark needs to be told which labels are pseudowires, and expects checksums behind 802.11 frames.
    packets = [packet for name, (other, packet, _) in LAYERS.items() if other == link and "pseudowire" not in name]
    if link == 1:
        packets += [ethernet(ipv4(tcp(options=SYN_OPTIONS, flags=0x1C2))), ethernet(ipv4(tcp(flags=4)) + bytes(6))]
    (tmp_path / "in.pcap").write_bytes(pcap(packets, link))
    command = ["tshark", "-n", "-r", "in.pcap", "-Y", "tcp", "-T", "fields", "-E", "occurrence=l"]
    command += [part for field in FIELDS for part in ("-e", field)]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    segments, _ = decode(packets, link)
    lines = [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in out.splitlines()]
    assert [int(line["frame.number"]) for line in lines] == [segment.frame for segment in segments]
    for line, got in zip(lines, segments, strict=True):
        cells = {
            "tcp.seq_raw": got.seq, "tcp.ack_raw": got.ack, "tcp.flags": got.flags, "tcp.len": got.length,
            "tcp.window_size_value": got.window, "tcp.hdr_len": got.header, "tcp.checksum": got.checksum,
            "tcp.options.timestamp.tsval": got.tsval, "tcp.options.mss_val": got.mss,
            "tcp.options.wscale.shift": got.wscale,
        }  # fmt: skip
        if got.ip_flags & IpFlag.V6:
            cells |= {"ipv6.hlim": got.ttl, "ipv6.flow": got.flow}
        else:
            cells |= {"ip.ttl": got.ttl, "ip.id": got.ip_id, "ip.dsfield": got.tos}
        assert {name: int(line[name] or "-1", 0) for name in cells} == cells


def test_the_link_layer_tells_sender_direction_and_interface():
    assert one(FRAME).link_src == 0x0200000000A1
    assert one(PACKET, 101).link_src == -1
    assert one(sll(PACKET, packet_type=4), 113).quality == Quality.OUTGOING
    got = one(sll2(PACKET, packet_type=4), 276, interface=3)
    assert (got.link_src, got.quality, got.interface) == (0x0200000000A1, Quality.OUTGOING, 3 << 32 | 5)
    assert one(sll2(PACKET), 276).interface == 5
    assert one(FRAME, interface=2).interface == 2


def test_options():
    got = one(ethernet(ipv4(tcp(flags=2, options=SYN_OPTIONS))))
    assert got.options == Opt.MSS | Opt.SACK_OK | Opt.TIMESTAMPS | Opt.WSCALE
    assert (got.mss, got.wscale, got.tsval, got.tsecr) == (1460, 7, 10, 0)
    assert (got.mptcp, got.mptcp_reason) == (-1, -1)
    for text, opt in {
        "0101050a0000000100000002": Opt.SACK, "1312" + "00" * 16: Opt.MD5, "1d100102" + "00" * 12: Opt.AO,
        "2202": Opt.FAST_OPEN, "fe04f989": Opt.FAST_OPEN, "fe041234": Opt.OTHER, "fd02": Opt.OTHER, "0000": 0,
        "0800": Opt.BROKEN, "08ff": Opt.BROKEN, "01010108": Opt.BROKEN, "0101000800000000": 0,
    }.items():  # fmt: skip
        assert one(ethernet(ipv4(tcp(options=bytes.fromhex(text))))).options == opt, text
    got = one(ethernet(ipv4(tcp(flags=4, options=bytes.fromhex("1e048106 1e0c7000 0000000000000001")))))
    assert (got.options, got.mptcp, got.mptcp_reason) == (Opt.MPTCP, 1 << 8 | 1 << 7, 0x106)


def test_lengths_come_from_the_ip_header():
    bare = tcp(flags=Flag.RST)
    assert one(ethernet(ipv4(bare)) + bytes(6)).length == 0, "padding is no payload"
    got = one((ethernet(ipv4(tcp(bytes(3000), flags=0x10), total=0)), 3054))
    assert (got.length, got.quality) == (3000, Quality.ZERO_LENGTH | Quality.SUPER)
    got = one(ethernet(ipv6(tcp(bytes(70000)), length=0), V6))
    assert (got.length, got.quality) == (70000, Quality.ZERO_LENGTH | Quality.SUPER)
    got = one(ethernet(ipv4(tcp(b"abc"), total=20 + 20 + 100)))
    assert (got.length, got.payload_have, got.quality) == (100, 3, Quality.CUT)
    assert one(ethernet(ipv4(tcp(bytes(1460))))).quality == 0
    assert one(struct.pack("<I", 2) + ipv4(tcp(bytes(9000))), 0).quality == 0, "a loopback has large frames"


def test_fragments():
    first = one(ethernet(ipv4(SEGMENT, frag=0x2000)))
    assert first.ip_flags == IpFlag.FRAGMENT
    assert skip(ethernet(ipv4(SEGMENT, frag=0x0001))) == "FRAGMENT"
    header = struct.pack("!BBHI", 6, 0, 1, 99)
    assert one(ethernet(ipv6(header + SEGMENT6, proto=44), V6)).ip_flags == 2 | 4 | 8
    assert skip(ethernet(ipv6(struct.pack("!BBHI", 6, 0, 8, 99) + SEGMENT6, proto=44), V6)) == "FRAGMENT"


def test_checksums_of_segments_without_payload():
    ends = {"src": frames.SRC6, "dst": frames.DST6}
    for flags in (Flag.SYN, Flag.FIN | Flag.ACK, Flag.RST):
        partial = frames.folded(frames.pseudo(frames.SRC, frames.DST, 20))
        partial6 = frames.folded(frames.pseudo(frames.SRC6, frames.DST6, 20))
        assert one(ethernet(ipv4(tcp(flags=flags)))).quality == 0
        assert one(ethernet(ipv4(tcp(flags=flags, checksum=1)))).quality == Quality.BAD_CHECKSUM
        assert one(ethernet(ipv4(tcp(flags=flags, checksum=partial)))).quality == Quality.PARTIAL_CHECKSUM
        assert one(ethernet(ipv6(tcp(flags=flags, **ends)), V6)).quality == 0
        assert one(ethernet(ipv6(tcp(flags=flags, checksum=1)), V6)).quality == Quality.BAD_CHECKSUM
        assert one(ethernet(ipv6(tcp(flags=flags, checksum=partial6)), V6)).quality == Quality.PARTIAL_CHECKSUM
    assert one(ethernet(ipv4(tcp(flags=Flag.ACK, checksum=1)))).quality == 0
    assert one(ethernet(ipv4(tcp(b"x", flags=Flag.FIN, checksum=1)))).quality == 0


@pytest.mark.parametrize(
    ("reason", "packet", "link"),
    [
        ("LINK", FRAME, 147),
        ("NOT_IP", ethernet(bytes(28), 0x0806), 1),
        ("NOT_IP", bytes(14) + b"\x42\x42\x03" + bytes(40), 1),
        ("NOT_IP", b"\x00" * 20, 101),
        ("NOT_TCP", ethernet(ipv4(udp(b"x" * 80, 53), proto=17)), 1),
        ("NOT_TCP", ethernet(ipv4(udp(b"\xff" * 80, 4789), proto=17)), 1),
        ("NOT_TCP", ethernet(ipv4(udp(b"\xff" * 80, 6081), proto=17)), 1),
        ("NOT_TCP", ethernet(ipv4(udp(b"\x32\x01" + bytes(10), 2152), proto=17)), 1),
        ("NOT_TCP", ethernet(ipv4(b"\x03\x03" + bytes(6) + PACKET, proto=1)), 1),
        ("MALFORMED", ethernet(b"\x44" + PACKET[1:]), 1),
        ("MALFORMED", ethernet(ipv4(SEGMENT, total=19)), 1),
        ("MALFORMED", ethernet(ipv4(SEGMENT[:12] + b"\x40" + SEGMENT[13:])), 1),
        ("MALFORMED", ethernet(ipv4(SEGMENT[:12] + b"\xf0" + SEGMENT[13:])), 1),
        ("MALFORMED", ethernet(PACKET6[:12]), 1),
        ("DEEP", ethernet(NINE_TAGS, 0x8100), 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_holds_no_segment_is_counted(reason, packet, link):
    assert skip(packet, link) == reason


def test_eight_tunnels_are_followed():
    packet = PACKET
    for _ in range(8):
        packet = ipv4(packet, proto=4)
    assert one(packet, 101).tunnel == int(f"{Tunnel.IPIP:x}" * 8, 16)
    assert skip(ipv4(packet, proto=4), 101) == "DEEP"


def test_the_filter_frame_numbers_and_records_that_leave_the_buffer():
    assert skip(FRAME, keep=0) == "FILTER"
    segments, skips = decode([FRAME, ethernet(bytes(28), 0x0806), FRAME], first_frame=7)
    assert [segment.frame for segment in segments] == [7, 9]
    assert skips == {"NOT_IP": 1}
