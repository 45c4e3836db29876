from __future__ import annotations

import ctypes
import random
import shutil
import struct
import subprocess

import numpy as np
import pytest

from whyrst.capture import filter as module
from whyrst.capture.errors import FilterError
from whyrst.capture.filter import Filter, compiled, libpcap, validated
from whyrst.fast.layout import Rec

ETHERNET, RAW, SLL, SLL2, NULL = 1, 101, 113, 276, 0


@pytest.fixture(autouse=True)
def _library():
    try:
        libpcap()
    except FilterError as error:
        pytest.skip(str(error))


def ip4(chance):
    sport, dport = chance.choice([80, 443, 5000]), chance.choice([80, 443, 6000])
    protocol = chance.choice([6, 6, 6, 17])
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 1, 2, 0x50, chance.choice([2, 4, 0x10, 0x14, 0x18]), 100, 0, 0)
    tcp += b"GET / HTTP/1.1" * chance.randrange(3)
    options = chance.choice([b"", b"\x01\x01\x01\x01"])
    head = struct.pack(
        "!BBHHHBBH4s4s",
        0x45 + len(options) // 4,
        0,
        20 + len(options) + len(tcp),
        chance.randrange(65536),
        chance.choice([0x4000, 0x4000, 0x2000, 0x0010]),
        64,
        protocol,
        0,
        bytes([10, 0, 0, chance.randrange(4, 7)]),
        bytes([10, 0, 0, chance.randrange(4, 7)]),
    )
    return head + options + tcp


def ip6(chance):
    tcp = struct.pack("!HHIIBBHHH", 443, chance.choice([80, 443]), 1, 2, 0x50, chance.choice([4, 0x10]), 100, 0, 0)
    chain = chance.choice([(6, b""), (0, b"\x06\x00" + bytes(6)), (60, b"\x06\x01" + bytes(14))])
    return struct.pack("!IHBB", 6 << 28, len(chain[1]) + len(tcp), chain[0], 64) + bytes(32) + chain[1] + tcp


def packet(chance, link):
    body, kind = (ip4(chance), 0x0800) if chance.random() < 0.7 else (ip6(chance), 0x86DD)
    if link == ETHERNET:
        tag = chance.choice([b"", b"", struct.pack("!HH", 0x8100, chance.randrange(4))])
        body = b"\x02" * 12 + tag + struct.pack("!H", kind) + body
    elif link == SLL:
        body = struct.pack("!HHH8sH", chance.choice([0, 4]), 1, 6, b"\x02" * 8, kind) + body
    elif link == SLL2:
        body = struct.pack("!HHIHBB8s", kind, 0, 3, 1, chance.choice([0, 4]), 6, b"\x02" * 8) + body
    elif link == NULL:
        body = struct.pack("=I", 2 if kind == 0x0800 else 10) + body
    return body[: chance.choice([len(body), len(body), chance.randrange(len(body))])]


def batch(packets, link):
    rows = np.zeros((len(packets), Rec.COUNT), np.int64)
    sizes = [len(one) for one in packets]
    rows[:, Rec.OFFSET] = np.cumsum([0, *sizes[:-1]])
    rows[:, Rec.CAPTURED] = rows[:, Rec.WIRE] = sizes
    rows[:, Rec.LINK] = link
    rows[:, Rec.KEEP] = 1
    return b"".join(packets), rows


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")
@pytest.mark.parametrize("link", [ETHERNET, RAW, SLL, SLL2])
@pytest.mark.parametrize(
    "expression",
    [
        "",
        "tcp[tcpflags] & tcp-rst != 0",
        "host 10.0.0.5 and port 443",
        "ip6 and tcp",
        "ip6 protochain 6",
        "vlan 2 and tcp port 80",
        "less 60 or greater 80",
        "not tcp and ip[6:2] & 0x1fff = 0",
        "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
        "inbound",
    ],
)
def test_same_packets_as_tcpdump(tmp_path, link, expression):
    chance = random.Random(f"{link} {expression}")
    packets = [packet(chance, link) for _ in range(300)]
    # The record's second tells which packet it was.
    capture = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)
    for second, one in enumerate(packets):
        capture += struct.pack("<IIII", second, 0, len(one), len(one)) + one
    path = tmp_path / "in.pcap"
    path.write_bytes(capture)
    done = subprocess.run(["tcpdump", "-r", path, "-w", "-", expression], capture_output=True, check=False)
    if done.returncode:
        buffer, rows = batch(packets, link)
        filter_ = Filter(expression)
        assert filter_.select(buffer, rows, len(rows)) == 0
        said = "inbound/outbound not supported" if expression == "inbound" else filter_.refused[link]
        assert said in done.stderr.decode()
        return
    kept, at = [], 24
    while at < len(done.stdout):
        second, _, size, _ = struct.unpack_from("<IIII", done.stdout, at)
        kept.append(second)
        at += 16 + size
    buffer, rows = batch(packets, link)
    assert Filter(expression).select(buffer, rows, len(rows)) == len(kept)
    assert np.flatnonzero(rows[:, Rec.KEEP]).tolist() == kept


def test_each_link_type_gets_its_own_program():
    chance = random.Random(1)
    body = ip4(chance)
    packets = [b"\x02" * 12 + b"\x08\x00" + body, body, struct.pack("!HHH8sH", 0, 1, 6, bytes(8), 0x0800) + body]
    buffer, rows = batch(packets * 2, [ETHERNET, RAW, SLL] * 2)
    rows[4, Rec.OFFSET] += 1
    assert Filter("ip").select(buffer, rows, 6) == 5
    assert rows[:, Rec.KEEP].tolist() == [1, 1, 1, 1, 0, 1]


def test_only_the_first_n_records_are_touched():
    buffer, rows = batch([b"\x02" * 12 + b"\x08\x00"] * 3, ETHERNET)
    rows[:, Rec.KEEP] = 9
    filter_ = Filter("ip6")
    assert filter_.select(buffer, rows, 0) == 0
    assert filter_.select(buffer, rows, 2) == 0
    assert rows[:, Rec.KEEP].tolist() == [0, 0, 9]


def test_a_link_type_that_cannot_express_the_filter_keeps_nothing_and_says_why():
    buffer, rows = batch([b"\x02" * 12 + b"\x08\x00" + bytes(20), bytes(40)], [ETHERNET, RAW])
    filter_ = Filter("ether src 02:02:02:02:02:02")
    assert filter_.select(buffer, rows, 2) == 1
    assert rows[:, Rec.KEEP].tolist() == [1, 0]
    assert list(filter_.refused) == [RAW]
    assert "ethernet" in filter_.refused[RAW].lower()


def test_a_link_type_unknown_to_libpcap_keeps_nothing_and_says_why():
    buffer, rows = batch([bytes(40)], 9999)
    filter_ = Filter("tcp port 80")
    assert filter_.select(buffer, rows, 1) == 0
    assert "9999" in filter_.refused[9999]


def test_a_filter_that_only_some_link_types_take_is_accepted():
    assert Filter("inbound").refused == {}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("tcp port", "syntax error"),
        ("port 99999", "illegal port"),
        ("ip[0] / 0 = 1", "division by zero"),
        ("ip\0or tcp", "zero byte"),
        ("(" * 20000, "."),
    ],
)
def test_an_expression_that_nobody_understands_is_an_error_at_once(expression, message):
    with pytest.raises(FilterError, match=message):
        Filter(expression)


def test_without_libpcap_the_package_is_named(monkeypatch):
    def absent(name):
        raise OSError(name)

    libpcap.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", absent)
    monkeypatch.setattr(module.ctypes.util, "find_library", lambda _: None)
    with pytest.raises(FilterError, match=r"libpcap0\.8") as caught:
        Filter("tcp")
    assert "\n" not in str(caught.value)
    libpcap.cache_clear()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ([], "return"),
        ([(0x00, 0, 0, 1)], "return"),
        ([(0x0E, 0, 0, 1)], "return"),
        ([(0xFF, 0, 0, 1), (0x06, 0, 0, 1)], "instruction 0 .* unknown"),
        ([(0x60, 0, 0, 16), (0x06, 0, 0, 1)], "memory word 16"),
        ([(0x15, 1, 0, 16), (0x06, 0, 0, 1)], "jumps out"),
        ([(0x15, 0, 1, 16), (0x06, 0, 0, 1)], "jumps out"),
        ([(0x05, 0, 0, 1), (0x06, 0, 0, 1)], "jumps out"),
        ([(0x05, 0, 0, 2**32 - 2), (0x06, 0, 0, 1)], "jumps out"),
        ([(0x34, 0, 0, 0), (0x06, 0, 0, 1)], "zero"),
        ([(0x30, 0, 0, -1), (0x06, 0, 0, 1)], "unknown"),
        ([(0x28, 0, 0, 0xFFFFF004), (0x06, 0, 0, 1)], "does not record"),
    ],
)
def test_a_program_with_an_undefined_step_is_refused(program, message):
    with pytest.raises(FilterError, match=message):
        validated(np.array(program, np.int64).reshape(-1, 4))


def test_what_libpcap_compiles_is_valid():
    assert len(compiled("tcp[tcpflags] & tcp-rst != 0", ETHERNET)) > 5
