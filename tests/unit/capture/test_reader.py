from __future__ import annotations

import gzip
import os
import shutil
import struct
import subprocess
import sys
import tracemalloc

import pytest

from unit.capture import files
from unit.capture.files import BIG, LITTLE, option
from whyrst.capture import reader as module
from whyrst.capture.errors import CaptureError
from whyrst.capture.reader import Reader
from whyrst.fast.layout import Rec

PACKETS = [bytes([i]) * (40 + i) for i in range(200)]
PCAP = files.pcap([(i + 1, 0, data) for i, data in enumerate(PACKETS)])
PCAPNG = files.section() + files.interface() + b"".join(map(files.enhanced, PACKETS))


@pytest.fixture
def stored(tmp_path):
    def write(data):
        path = tmp_path / "capture"
        path.write_bytes(data)
        return str(path)

    return write


def packets(reader):
    found = []
    for n in reader.records():
        for row in reader.table[:n].tolist():
            at = row[Rec.OFFSET]
            found.append(bytes(reader.buffer[at : at + row[Rec.CAPTURED]]))
    assert reader.packets == len(found)
    return found


def read(path, **sizes):
    """Give the packets, and damage as (offset, reason)."""
    with Reader(path, **sizes) as reader:
        found = packets(reader)
        return found, [(one.offset, one.reason) for one in reader.damage]


def refused(path):
    with pytest.raises(CaptureError) as caught:
        Reader(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: byte {caught.value.offset}: ")
    return caught.value.offset, caught.value.reason


@pytest.mark.parametrize("piece", [64, 100, 1000, 1 << 20])
@pytest.mark.parametrize("rows", [1, 7, 4096])
@pytest.mark.parametrize("data", [PCAP, PCAPNG, gzip.compress(PCAP, mtime=0)], ids=["pcap", "pcapng", "gzip"])
def test_packets_come_whole_whatever_the_pieces(stored, data, piece, rows):
    assert read(stored(data), piece=piece, rows=rows) == (PACKETS, [])


def test_what_was_read_is_told(stored):
    with Reader(stored(gzip.compress(PCAP, mtime=0))) as reader:
        assert (reader.earliest, reader.latest) == (None, None)
        packets(reader)
        assert (reader.format, reader.compression) == ("pcap", "gzip")
        assert (reader.earliest, reader.latest) == (10**9, 200 * 10**9)
        assert reader.wire_bytes == reader.captured_bytes == sum(map(len, PACKETS))
        assert reader.taken == reader.total
        (interface,) = reader.interfaces
        assert (interface.link, interface.snaplen, interface.packets) == (1, 262144, 200)


def test_a_capture_without_packets_is_none_the_less_one(stored):
    assert read(stored(files.pcap([]))) == ([], [])
    assert read(stored(files.section())) == ([], [])


def test_sections_and_interfaces_have_their_own_rules(stored):
    count = struct.pack(">Q", 5)
    data = (
        files.section()
        + files.interface(link=1, options=option(2, b"eth0"))
        + files.enhanced(b"a", ticks=1)
        + files.interface(link=113, options=option(9, b"\x09"))
        + files.enhanced(b"b", number=1, ticks=2)
        + files.section(order=BIG, options=option(1, b"a comment", order=BIG))
        + files.interface(order=BIG, link=101, options=option(2, b"tun0", order=BIG))
        + files.enhanced(b"c", order=BIG, ticks=3)
        + files.statistics(0, order=BIG, options=option(5, count, order=BIG))
        + files.statistics(7, order=BIG, options=option(5, count, order=BIG))
    )
    with Reader(stored(data)) as reader:
        rows = [row for n in reader.records() for row in reader.table[:n].tolist()]
        assert [row[Rec.TIME] for row in rows] == [1000, 2, 3000]
        assert [row[Rec.LINK] for row in rows] == [1, 113, 101]
        assert [row[Rec.INTERFACE] for row in rows] == [0, 1, 2]
        assert [(one.name, one.packets, one.dropped) for one in reader.interfaces] == [
            ("eth0", 1, None),
            ("", 1, None),
            ("tun0", 1, 5),
        ]
        assert not reader.damage


def test_many_interfaces_are_held(stored, monkeypatch):
    monkeypatch.setattr(module, "MOST_INTERFACES", 100)
    data = files.section() + files.interface() * 100 + files.enhanced(b"a", number=99)
    assert read(stored(data)) == ([b"a"], [])
    assert read(stored(data + files.interface())) == ([b"a"], [(len(data), "more than 100 interfaces")])


@pytest.mark.parametrize("length", [3000, 3004, 100_000])
def test_long_unknown_blocks_are_skipped_unread(stored, length):
    data = files.section() + files.interface() + files.block(0x7777, bytes(length)) + files.enhanced(b"a")
    with Reader(stored(data), piece=1000) as reader:
        assert packets(reader) == [b"a"]
        assert not reader.damage
        assert len(reader.buffer) == 1000


@pytest.mark.parametrize("cut", range(900, 916))
def test_a_skipped_blocks_end_may_straddle_pieces(stored, cut):
    data = files.section() + files.interface() + files.block(0x7777, bytes(5000)) + files.enhanced(b"a")
    assert read(stored(data), piece=cut) == ([b"a"], [])


def test_the_buffer_grows_for_a_long_packet(stored):
    long = bytes(200_000)
    with Reader(stored(files.pcap([(1, 0, b"a"), (2, 0, long), (3, 0, b"b")])), piece=1000) as reader:
        assert packets(reader) == [b"a", long, b"b"]
        assert len(reader.buffer) < 500_000


def test_a_lying_length_costs_no_memory(stored):
    head = files.pcap([(1, 0, b"a")], snaplen=0x7FFFFFFF)
    lie = head[24:32] + (16 << 20).to_bytes(4, "little") * 2
    path = stored(head + lie + bytes(100))
    tracemalloc.start()
    try:
        found, damage = read(path, piece=1000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert (found, damage) == ([b"a"], [(len(head), "the file ends inside a packet: 116 of 16777232 bytes")])


PACKET_1 = 24 + 16 + 40


@pytest.mark.parametrize(
    ("data", "n", "offset", "reason"),
    [
        (PCAP[: PACKET_1 + 5], 1, PACKET_1, "the file ends inside a header: 5 of 16 bytes"),
        (PCAP[: PACKET_1 + 20], 1, PACKET_1, "the file ends inside a packet: 20 of 57 bytes"),
        (PCAP[:PACKET_1] + b"\xff" * 99, 1, PACKET_1, "a packet cannot have 4294967295 captured bytes here"),
        (PCAP[:PACKET_1] + bytes(999), 1, PACKET_1, "zeros instead of a packet"),
        (PCAPNG[:125], 1, 120, "the file ends inside a header: 5 of 12 bytes"),
        (PCAPNG[:145], 1, 120, "the file ends inside a block: 25 of 76 bytes"),
        (PCAPNG[:124] + bytes(99), 1, 120, "a block cannot have a length of 0 bytes here"),
        (PCAPNG[:120] + bytes(99), 1, 120, "a block cannot have a length of 0 bytes here"),
        (PCAPNG[:192] + b"\1\0\0\0" + PCAPNG[196:], 1, 120, "a block's two lengths differ (the second is 1)"),
        (PCAPNG[:128] + b"\1" + PCAPNG[129:], 1, 120, "a packet of interface 1, but the section has described 1"),
        (PCAPNG[:140] + b"\x99" + PCAPNG[141:], 1, 120, "a packet cannot have 153 captured bytes here"),
        (PCAPNG[:120] + files.block(99, bytes(2000))[:-1], 1, 120, "the file ends inside a block: 2011 of 2012 bytes"),
        (
            PCAPNG[:120] + files.block(99, bytes(2000))[:-4] + b"\1\0\0\0" + PCAPNG[120:],
            1,
            120,
            "a block's two lengths differ (the second is 1)",
        ),
        (PCAPNG[:120] + files.section()[:8] + b"\0" * 30, 1, 120, "the section header has no byte-order magic"),
        (PCAPNG[:120] + files.section(version=(3, 1)), 1, 120, "pcapng version 3.1 does not exist"),
        (PCAPNG[:120] + files.section()[:20], 1, 120, "the file ends inside the header: 20 of 28 bytes"),
    ],
)
def test_damage_is_named_and_what_came_before_is_read(stored, data, n, offset, reason):
    assert read(stored(data), piece=1000) == (PACKETS[:n], [(offset, reason)])
    assert read(stored(gzip.compress(data, mtime=0)), piece=1000) == (PACKETS[:n], [(offset, reason)])


def test_files_put_one_after_the_other_are_read_on(stored):
    second = files.pcap([(9, 5, b"abc")], order=BIG, magic=0xA1B23C4D, link=113)
    with Reader(stored(PCAP + second)) as reader:
        assert packets(reader) == [*PACKETS, b"abc"]
        assert reader.table[0, Rec.LINK] == 113
        assert reader.latest == 200 * 10**9
        assert [(one.link, one.packets) for one in reader.interfaces] == [(1, 200), (113, 1)]
        assert [(one.offset, one.reason) for one in reader.damage] == [
            (len(PCAP), "another pcap file begins here; it is read on")
        ]


def test_a_gzip_that_ends_early_gives_what_there_is(stored):
    packed = gzip.compress(files.pcap([(1, 0, os.urandom(100)) for _ in range(1000)]))
    found, ((offset, reason),) = read(stored(packed[: len(packed) // 2]))
    assert 400 < len(found) < 600
    assert offset > 40_000
    assert reason == f"the gzip data ends early, after {len(packed) // 2} compressed bytes"


@pytest.mark.parametrize(
    ("data", "offset", "reason"),
    [
        (b"", 0, "the file is empty"),
        (b"hi\n", 0, 'not a pcap or pcapng capture: it begins with "hi\\n"'),
        (b"# a text file\n", 0, 'not a pcap or pcapng capture: it begins with "# a text"'),
        (b"\xa1\xb2\xc3\xd5" + bytes(50), 0, "not a pcap or pcapng capture: it begins with a1 b2 c3 d5 00 00 00 00"),
        (b"PK\x03\x04" + bytes(50), 0, "not a pcap or pcapng capture: it is a zip archive"),
        (b"\n\r\r\n" + bytes(50), 0, "not a pcap or pcapng capture: it begins with"),
        (PCAP[:4], 0, "the file ends inside the header: 4 of 24 bytes"),
        (PCAP[:23], 0, "the file ends inside the header: 23 of 24 bytes"),
        (PCAPNG[:8], 0, "the file ends inside the header: 8 of 12 bytes"),
        (PCAPNG[:27], 0, "the file ends inside the header: 27 of 28 bytes"),
        (files.pcap([], version=(7, 0)), 0, "pcap version 7.0 does not exist"),
        (files.section(version=(7, 0)), 0, "pcapng version 7.0 does not exist"),
        (gzip.compress(b"some text", mtime=0), 0, 'not a pcap or pcapng capture: it begins with "some tex"'),
        (
            gzip.compress(gzip.compress(PCAP, mtime=0), mtime=0),
            0,
            "not a pcap or pcapng capture: compressed by gzip a second time",
        ),
        (gzip.compress(PCAP, mtime=0)[:10], 0, "the gzip data ends early, after 10 compressed bytes"),
        (gzip.compress(b"", mtime=0), 0, "not a pcap or pcapng capture: nothing is in it"),
        (b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 99, 0, "the gzip data is damaged before compressed byte 109: "),
    ],
)
def test_what_is_no_capture_is_refused(stored, data, offset, reason):
    got = refused(stored(data))
    assert got[0] == offset
    assert got[1].startswith(reason)


def test_packets_from_a_pipe_come_as_they_arrive(monkeypatch):
    reading, writing = os.pipe()
    with open(reading) as stdin:  # noqa: PTH123 (a descriptor)
        monkeypatch.setattr(sys, "__stdin__", stdin)
        os.write(writing, PCAP[: PACKET_1 + 3])
        with Reader("-") as reader:
            batches = reader.records()
            assert next(batches) == 1
            os.write(writing, PCAP[PACKET_1 + 3 : 200])
            assert next(batches) == 2
            os.close(writing)
            assert list(batches) == []
            assert [one.reason for one in reader.damage] == ["the file ends inside a header: 5 of 16 bytes"]


@pytest.mark.parametrize("order", [LITTLE, BIG])
def test_time_of_a_simple_packet_is_that_of_the_packet_before(stored, order):
    data = (
        files.section(order=order)
        + files.interface(order=order)
        + files.enhanced(b"a", order=order, ticks=7)
        + files.simple(b"b", order=order)
    )
    with Reader(stored(data), rows=1) as reader:
        assert [int(reader.table[0, Rec.TIME]) for _ in reader.records()] == [7000, 7000]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize(
    "data",
    [
        files.pcap([(1_700_000_000 + i, i, data) for i, data in enumerate(PACKETS)], order=BIG, magic=0xA1B23C4D),
        files.pcap([(2**32 - 1 - i, i, data, 1500) for i, data in enumerate(PACKETS)]),
        files.section()
        + files.interface(options=option(9, b"\x09") + option(14, struct.pack("<q", 1_600_000_000)))
        + files.interface(options=option(9, b"\xa0"))
        + b"".join(files.enhanced(data, number=i & 1, ticks=i << 30) for i, data in enumerate(PACKETS))
        + files.section(order=BIG)
        + files.interface(order=BIG)
        + b"".join(files.obsolete(data, order=BIG, ticks=i, wire=9999) for i, data in enumerate(PACKETS))
        + files.block(0x7777, bytes(100), order=BIG)
        + files.enhanced(b"last", order=BIG, ticks=1_700_000_000_123_456),
    ],
    ids=["pcap", "pcap-far", "pcapng"],
)
def test_tshark_finds_the_same_packets(stored, data):
    path = stored(data)
    fields = [word for name in ("time_epoch", "cap_len", "len") for word in ("-e", f"frame.{name}")]
    run = subprocess.run(
        ["tshark", "-n", "-r", path, "-T", "fields", *fields], capture_output=True, text=True, check=True, timeout=60
    )
    theirs = [line.split() for line in run.stdout.splitlines()]
    with Reader(path) as reader:
        rows = [row for n in reader.records() for row in reader.table[:n].tolist()]
    ours = [
        [f"{row[Rec.TIME] // 10**9}.{row[Rec.TIME] % 10**9:09}", str(row[Rec.CAPTURED]), str(row[Rec.WIRE])]
        for row in rows
    ]
    assert ours == theirs
