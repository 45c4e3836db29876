from __future__ import annotations

from importlib import import_module, util

import numpy as np
import pytest

from unit.capture import files
from unit.capture.files import BIG, LITTLE, option
from whyrst.capture import pcapng
from whyrst.capture.pcap import pcap_header
from whyrst.fast.layout import Rec

BUILT = util.find_spec("whyrst.fast.compiled.records") is not None
MODULES = [
    "whyrst.fast.records",
    pytest.param(
        "whyrst.fast.compiled.records", marks=pytest.mark.skipif(not BUILT, reason="the compiled loops are not built")
    ),
]
ORDERS = pytest.mark.parametrize("order", [LITTLE, BIG])
SECOND = 10**9


@pytest.fixture(params=MODULES)
def loops(request):
    return import_module(request.param)


class Scan:
    """One call of a loop; attributes are the state's cells after it."""

    def __init__(self, loops, data, *, rows=10, end=None, state=None, interfaces=()):
        self.loops = loops
        self.data = data
        table = np.full((rows, Rec.COUNT), -7, np.int64)
        self.state = np.zeros(loops.State.COUNT, np.int64) if state is None else state
        end = len(data) if end is None else end
        if interfaces:
            self.units = np.zeros((len(interfaces), loops.Unit.COUNT), np.int64)
            for number, block in enumerate(interfaces):
                big = block[0] == 0
                for cell, value in pcapng.interface(block, big=big)[1].items():
                    self.units[number, cell] = value
                self.units[number, loops.Unit.NUMBER] = 100 + number
                self.state[loops.State.BIG] = big
            self.state[loops.State.BOUND] = 16 << 20
            args = (self.units.data, len(interfaces))
            n = loops.pcapng(memoryview(data), end, table.data, self.state.data, *args)
        else:
            if state is None:
                header = pcap_header(data[:24])
                for cell, value in zip(
                    ("AT", "BIG", "TICK", "HEADER", "SWAP", "BOUND", "LINK"),
                    (24, header.big, header.tick, header.record, header.swap, header.bound, header.link),
                    strict=True,
                ):
                    self.state[loops.State[cell]] = value
            n = loops.pcap(memoryview(data), end, table.data, self.state.data)
        self.rows = table[:n]
        assert (table[n:] == -7).all()

    def __getattr__(self, name):
        value = int(self.state[self.loops.State[name.upper()]])
        return self.loops.Why(value).name if name == "why" else value

    def column(self, cell):
        return self.rows[:, cell].tolist()

    def packets(self):
        return [self.data[o : o + n] for o, n in zip(self.column(Rec.OFFSET), self.column(Rec.CAPTURED), strict=True)]


@ORDERS
@pytest.mark.parametrize(("magic", "tick"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1), (0xA1B2CD34, 1000)])
def test_pcap_records_are_found(loops, order, magic, tick):
    data = files.pcap([(1, 5, b"abc"), (4294967295, 999, b""), (0, 9, b"de", 1500)], order=order, magic=magic, link=113)
    scan = Scan(loops, data)
    assert scan.packets() == [b"abc", b"", b"de"]
    assert scan.column(Rec.TIME) == [SECOND + 5 * tick, 4294967295 * SECOND + 999 * tick, 9 * tick]
    assert scan.column(Rec.WIRE) == [3, 0, 1500]
    assert scan.column(Rec.LINK) == [113] * 3
    assert scan.column(Rec.KEEP) == [1] * 3
    assert scan.column(Rec.INTERFACE) == [0] * 3
    assert (scan.why, scan.at) == ("MORE", len(data))
    assert scan.need == (24 if magic == 0xA1B2CD34 else 16)
    state = loops.State
    sums = [scan.state[c] for c in (state.PACKETS, state.WIRE_BYTES, state.CAPTURED_BYTES)]
    assert sums == [3, 1503, 5]
    assert (scan.earliest, scan.latest) == (9 * tick, 4294967295 * SECOND + 999 * tick)


def test_full_rows_stop_the_scan_and_it_goes_on(loops):
    data = files.pcap([(i, 0, bytes([i])) for i in range(1, 6)])
    scan = Scan(loops, data, rows=2)
    found = scan.packets()
    assert scan.why == "FULL"
    while scan.why == "FULL":
        scan = Scan(loops, data, rows=2, state=scan.state)
        found += scan.packets()
    assert found == [b"\1", b"\2", b"\3", b"\4", b"\5"]


@pytest.mark.parametrize(("end", "need"), [(24, 16), (39, 16), (40, 19), (42, 19)])
def test_a_record_that_straddles_the_end_is_left(loops, end, need):
    scan = Scan(loops, files.pcap([(1, 0, b"abc")]), end=end)
    assert (len(scan.rows), scan.why, scan.at, scan.need) == (0, "MORE", 24, need)


@pytest.mark.parametrize(("length", "why"), [(262144, "MORE"), (262145, "PACKET_LENGTH"), (2**32 - 1, "PACKET_LENGTH")])
def test_absurd_lengths_stop_the_scan(loops, length, why):
    head = files.pcap([(1, 0, b"abc")])
    lie = files.pcap([(1, 0, b"")])[24:32] + length.to_bytes(4, "little") * 2
    scan = Scan(loops, head + lie + b"rest")
    assert (scan.packets(), scan.why, scan.at) == ([b"abc"], why, len(head))
    if why == "PACKET_LENGTH":
        assert scan.value == length


def test_a_wire_length_below_the_captured_one_is_raised(loops):
    assert Scan(loops, files.pcap([(1, 0, b"abc", 2)])).column(Rec.WIRE) == [3]


def test_old_files_have_the_lengths_swapped(loops):
    data = bytearray(files.pcap([(1, 0, b"abc")], version=(2, 3)))
    data[32:40] = (60).to_bytes(4, "little") + (3).to_bytes(4, "little")
    scan = Scan(loops, bytes(data))
    assert (scan.packets(), scan.column(Rec.WIRE)) == ([b"abc"], [60])


@ORDERS
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34])
def test_a_second_file_is_noticed(loops, order, magic):
    first = files.pcap([(1, 0, b"abc")])
    scan = Scan(loops, first + files.pcap([(2, 0, b"de")], order=order, magic=magic))
    assert (scan.packets(), scan.why, scan.at) == ([b"abc"], "FILE", len(first))


def test_zeros_are_no_packets(loops):
    data = files.pcap([(1, 0, b"abc")])
    assert Scan(loops, data + bytes(64)).why == "ZEROS"
    odd = Scan(loops, data + files.pcap([(0, 0, b""), (1, 0, b"")])[24:])
    assert (len(odd.rows), odd.why) == (3, "MORE")


@ORDERS
def test_pcapng_packet_blocks_are_found(loops, order):
    interfaces = [
        files.interface(order=order, link=1, snaplen=6),
        files.interface(order=order, link=113, options=option(9, b"\x09", order=order)),
    ]
    data = b"".join(
        [
            files.enhanced(b"abc", order=order, number=1, ticks=SECOND + 5, wire=99),
            files.block(0x7777, b"unknown!", order=order),
            files.obsolete(b"de", order=order, number=0, ticks=3),
            files.simple(b"fghij", order=order),
            files.simple(b"klmnop", order=order, wire=60),
            files.enhanced(b"q", order=order, options=option(1, b"comment", order=order)),
        ]
    )
    scan = Scan(loops, data, interfaces=interfaces)
    assert scan.packets() == [b"abc", b"de", b"fghij", b"klmnop", b"q"]
    assert scan.column(Rec.TIME) == [SECOND + 5, 3000, 3000, 3000, 0]
    assert scan.column(Rec.WIRE) == [99, 2, 5, 60, 1]
    assert scan.column(Rec.LINK) == [113, 1, 1, 1, 1]
    assert scan.column(Rec.INTERFACE) == [101, 100, 100, 100, 100]
    assert (scan.why, scan.at) == ("MORE", len(data))
    assert scan.units[:, loops.Unit.PACKETS].tolist() == [4, 1]


@pytest.mark.parametrize(
    ("resolution", "ticks", "nanoseconds"),
    [
        (6, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (12, 1_700_000_000_123_456_789, 1_700_000_000_123_456),
        (0, 1_700_000_000, 1_700_000_000 * SECOND),
        (0x80, 1_700_000_000, 1_700_000_000 * SECOND),
        (0x8A, 1024 * 5 + 512, 5 * SECOND + SECOND // 2),
        (0xA0, (5 << 32) + (1 << 31), 5 * SECOND + SECOND // 2),
        (0xBF, (1 << 63) + (1 << 62), SECOND + SECOND // 2),
        (0xC0, 1 << 63, SECOND // 2),
        (0xFF, 2**64 - 1, 0),
        (0x7F, 2**64 - 1, 2**64 // 2**62),
        (6, 2**64 - 1, (1 << 62) - 1),
        (9, 2**64 - 1, (1 << 62) - 1),
        (0x80, 2**64 - 1, (1 << 62) - 1),
    ],
)
def test_units_of_time(loops, resolution, ticks, nanoseconds):
    scan = Scan(
        loops, files.enhanced(b"", ticks=ticks), interfaces=[files.interface(options=option(9, bytes([resolution])))]
    )
    assert scan.column(Rec.TIME) == [nanoseconds]


@pytest.mark.parametrize(("offset", "seconds"), [(3600, 3605), (-5, 0), (-6, 0), (2**63 - 1, None), (-(2**63), 0)])
def test_offsets_of_time(loops, offset, seconds):
    block = files.interface(options=option(14, offset.to_bytes(8, "little", signed=True)))
    scan = Scan(loops, files.enhanced(b"", ticks=5_000_000), interfaces=[block])
    assert scan.column(Rec.TIME) == [loops.FAR if seconds is None else seconds * SECOND]


def changed(block, at, value):
    return block[:at] + value.to_bytes(4, "little") + block[at + 4 :]


PACKET = files.enhanced(b"abcd")
LONG = files.block(0x7777, bytes(100))


@pytest.mark.parametrize(
    ("last", "why", "value"),
    [
        (PACKET[:11], "MORE", None),
        (PACKET[:35], "MORE", None),
        (changed(PACKET, 4, 0), "BLOCK_LENGTH", 0),
        (changed(PACKET, 4, 8), "BLOCK_LENGTH", 8),
        (changed(PACKET, 4, 37), "BLOCK_LENGTH", 37),
        (changed(PACKET, 4, 28), "BLOCK_LENGTH", 28),
        (changed(PACKET, 4, 0x7FFFFFF0), "BLOCK_LENGTH", 0x7FFFFFF0),
        (changed(PACKET, 32, 99), "TRAILER", 99),
        (changed(PACKET, 20, 5), "PACKET_LENGTH", 5),
        (changed(PACKET, 8, 1), "INTERFACE", 1),
        (changed(PACKET, 8, 2**32 - 1), "INTERFACE", 2**32 - 1),
        (files.block(3, b""), "BLOCK_LENGTH", 12),
        (files.block(1, b"1234"), "BLOCK_LENGTH", 16),
        (files.block(5, b"12345678"), "BLOCK_LENGTH", 20),
        (changed(LONG, 4, 0), "BLOCK_LENGTH", 0),
        (LONG[:-1], "SKIP", None),
        (LONG[:12], "SKIP", None),
        (changed(LONG, 4, 0xFFFFFFFC), "SKIP", None),
        (files.section(), "BLOCK", None),
        (files.interface(), "BLOCK", None),
        (files.statistics(0), "BLOCK", None),
        (files.interface()[:-1], "MORE", None),
    ],
)
def test_what_stops_the_scan_of_blocks(loops, last, why, value):
    scan = Scan(loops, PACKET + last, interfaces=[files.interface()])
    assert (scan.packets(), scan.why, scan.at) == ([b"abcd"], why, len(PACKET))
    if value is not None:
        assert scan.value == value


def test_full_rows_stop_the_scan_of_blocks(loops):
    scan = Scan(loops, PACKET * 3, rows=2, interfaces=[files.interface()])
    assert (len(scan.rows), scan.why, scan.at) == (2, "FULL", 2 * len(PACKET))
