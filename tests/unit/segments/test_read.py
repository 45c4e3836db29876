from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest

from unit.capture import files
from whyrst.capture.errors import CaptureError, FilterError
from whyrst.capture.filter import Filter, libpcap
from whyrst.fast.layout import Seg, Skip
from whyrst.segments import read as module
from whyrst.segments.read import first_time, read


def ethernet(port, *, protocol=6, size=20):
    """One TCP segment (or what `protocol` says) from the port to port 80, over IPv4 and Ethernet."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + size, 1, 0, 64, protocol, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
    tcp = struct.pack(">HHIIBBHHH", port, 80, 1, 0, 0x50, 2, 1000, 0, 0)
    return bytes(12) + b"\x08\0" + ip + tcp + bytes(size - 20)


def capture(ports, *, start=1):
    return files.pcap([(start + i, 0, ethernet(port)) for i, port in enumerate(ports)])


@pytest.fixture
def stored(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


def segments(series):
    """Give capture name, frame and source port of each segment."""
    return [
        (Path(batch.capture.path).name, frame, port)
        for batch in series
        for frame, port in batch.rows[:, [Seg.FRAME, Seg.SPORT]].tolist()
    ]


def test_a_capture_becomes_segments(stored):
    (series,) = read([stored("a", capture([1000, 1001]))])
    assert segments(series) == [("a", 1, 1000), ("a", 2, 1001)]
    (one,) = series.captures
    assert (one.number, one.format, one.compression, one.links) == (0, "pcap", None, {1})
    assert (one.earliest, one.latest) == (10**9, 2 * 10**9)
    assert one.wire_bytes == one.captured_bytes == 2 * 54
    assert series.tally.adds_up


def test_batches_are_small_and_their_buffer_holds_the_payload(stored, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 3)
    packets = [ethernet(port)[:-20] + ethernet(port)[34:] + bytes([port]) for port in range(1, 11)]
    packets = [p[:16] + struct.pack(">H", 41) + p[18:] for p in packets]
    (series,) = read([stored("a", files.pcap([(1, 0, data) for data in packets]))])
    seen = []
    for batch in series:
        assert 0 < len(batch.rows) <= 3
        for frame, at, length in batch.rows[:, [Seg.FRAME, Seg.PAYLOAD_AT, Seg.LENGTH]].tolist():
            assert bytes(batch.buffer[at : at + length]) == bytes([frame])
            seen.append(frame)
    assert seen == list(range(1, 11))


def test_every_packet_is_accounted_for_and_numbered(stored):
    packets = [ethernet(1), ethernet(2, protocol=17), bytes(60), ethernet(3)[:40], ethernet(4), b""]
    (series,) = read([stored("a", files.pcap([(1, 0, data) for data in packets]))])
    assert segments(series) == [("a", 1, 1), ("a", 5, 4)]
    assert (series.tally.read, series.tally.decoded) == (6, 2)
    assert series.tally.skipped[Skip.NOT_TCP] == 1
    assert series.tally.adds_up


def test_a_filter_leaves_packets_out(stored):
    try:
        libpcap()
    except FilterError as error:
        pytest.skip(str(error))
    path = stored("a", capture([1000, 1001, 1002]))
    (series,) = read([path], only=Filter("port 1001"))
    assert segments(series) == [("a", 2, 1001)]
    assert series.tally.skipped == {Skip.FILTER: 2}
    assert series.tally.adds_up


def test_captures_are_separate_unless_joined(stored):
    paths = [stored("b", capture([2], start=20)), stored("a", gzip.compress(capture([1])))]
    found = [(segments(series), series.captures[0].number) for series in read(paths)]
    assert found == [([("b", 1, 2)], 0), ([("a", 1, 1)], 1)]


def test_joined_files_come_in_the_order_of_their_packets(stored):
    paths = [
        stored("last", capture([5, 6], start=30)),
        stored("none", files.pcap([])),
        stored("first", capture([1, 2], start=10)),
        stored("middle", gzip.compress(capture([3, 4], start=20))),
    ]
    (series,) = read(paths, join=True)
    assert segments(series) == [
        ("first", 1, 1),
        ("first", 2, 2),
        ("middle", 1, 3),
        ("middle", 2, 4),
        ("last", 1, 5),
        ("last", 2, 6),
    ]
    assert series.tally.read == 6
    assert [one.number for one in series.captures] == [0, 1, 2, 3]


def test_an_unreadable_file_among_joined_ones_is_told_and_the_rest_read(stored, tmp_path):
    (series,) = read([stored("a", capture([1])), str(tmp_path / "missing"), stored("text", b"hello")], join=True)
    assert segments(series) == [("a", 1, 1)]
    assert [Path(error.path).name for error in series.errors] == ["missing", "text"]


@pytest.mark.parametrize("join", [False, True])
def test_nothing_readable_is_an_error(tmp_path, join):
    (series,) = read([str(tmp_path / "missing")], join=join)
    with pytest.raises(CaptureError, match="No such file"):
        segments(series)


def test_nothing_readable_among_joined_files_is_an_error(tmp_path):
    (series,) = read([str(tmp_path / "one"), str(tmp_path / "two")], join=True)
    with pytest.raises(CaptureError, match="one: byte 0: cannot be opened: No such file"):
        segments(series)


def test_what_cannot_be_read_twice_cannot_be_joined():
    with pytest.raises(CaptureError, match="standard input: byte 0: it cannot be joined"):
        first_time("-")


def test_damage_is_told_and_what_came_before_decoded(stored):
    (series,) = read([stored("a", capture([1, 2])[:-1])])
    assert segments(series) == [("a", 1, 1)]
    assert [(one.offset, one.reason) for one in series.damage] == [
        (94, "the file ends inside a packet: 69 of 70 bytes")
    ]


@pytest.mark.parametrize("join", [False, True])
def test_progress_counts_bytes_over_all_files(stored, join):
    one, two = capture(range(1, 50)), gzip.compress(capture(range(1, 100), start=99))
    calls = []
    for series in read(
        [stored("a", one), stored("b", two)], join=join, progress=lambda done, total: calls.append((done, total))
    ):
        segments(series)
    total = len(one) + len(two)
    assert calls[0] == (len(one), total)
    assert calls[-1] == (total, total)


def test_progress_knows_no_total_of_a_device(stored):
    calls = []
    first, _ = read([stored("a", capture([1])), "/dev/null"], progress=lambda *call: calls.append(call))
    segments(first)
    assert calls[0][1] is None
