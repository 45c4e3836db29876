from __future__ import annotations

import io
import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.capture import files
from whyrst.capture import pcapng_write
from whyrst.capture.pcapng_write import LONGEST_OPTION, Writer
from whyrst.capture.reader import Reader
from whyrst.fast.layout import Rec

NANOSECOND = 1_780_000_000_123_456_789
FRAME = bytes(range(60))

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def fields(path, *names):
    """What tshark finds in each packet."""
    options = [part for name in names for part in ("-e", name)]
    command = ["tshark", "-r", str(path), "-T", "json", *options]
    shown = subprocess.run(command, capture_output=True, check=True).stdout
    return [[one["_source"]["layers"].get(name) for name in names] for one in json.loads(shown)]


@pytest.mark.parametrize("order", [files.LITTLE, files.BIG])
def test_blocks_are_those_of_the_draft(order):
    mine = pcapng_write.section_header(comments=["hello"], order=order)
    assert mine == files.section(
        order=order, options=files.option(1, b"hello", order=order) + files.option(0, b"", order=order)
    )
    assert pcapng_write.section_header(order=order) == files.section(order=order)
    mine = pcapng_write.interface_description(101, snaplen=99, name="eth0", order=order)
    options = [(2, b"eth0"), (9, b"\x09"), (0, b"")]
    joined = b"".join(files.option(code, value, order=order) for code, value in options)
    assert mine == files.interface(order=order, link=101, snaplen=99, options=joined)
    mine = pcapng_write.enhanced_packet(b"abc", 5 << 32 | 7, interface=2, wire=90, comments=["x", "yz"], order=order)
    joined = b"".join(files.option(code, value, order=order) for code, value in [(1, b"x"), (1, b"yz"), (0, b"")])
    assert mine == files.enhanced(b"abc", order=order, number=2, ticks=5 << 32 | 7, wire=90, options=joined)


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=80),
            st.integers(0, (1 << 62) - 1),
            st.integers(0, 2),
            st.integers(0, 3000),
            st.lists(st.text(max_size=40), max_size=3),
            st.sampled_from([None, "in", "out"]),
        ),
        max_size=12,
    ),
    st.text(max_size=20),
)
def test_our_reader_finds_what_was_written(tmp_path_factory, packets, name):
    path = tmp_path_factory.getbasetemp() / "written.pcapng"
    with path.open("wb") as file:
        writer = Writer(file, comments=[name], hardware=name, system=name)
        links = [1, 101, 276]
        for link in links:
            writer.interface(link, snaplen=link, name=name, description=name, expression=name)
        for data, time, interface, more, comments, direction in packets:
            wire = len(data) + more
            writer.packet(data, time, interface=interface, wire=wire, comments=comments, direction=direction)
    found = []
    with Reader(str(path)) as reader:
        for n in reader.records():
            for row in reader.table[:n].tolist():
                at = row[Rec.OFFSET]
                data = bytes(reader.buffer[at : at + row[Rec.CAPTURED]])
                found.append((data, row[Rec.TIME], row[Rec.INTERFACE], row[Rec.WIRE] - len(data)))
                assert row[Rec.LINK] == links[row[Rec.INTERFACE]]
        assert not reader.damage
        if packets:
            assert [one.snaplen for one in reader.interfaces] == links
    assert found == [packet[:4] for packet in packets]


def test_a_packet_of_an_unknown_interface_is_refused():
    writer = Writer(io.BytesIO())
    with pytest.raises(IndexError, match="interface 0"):
        writer.packet(FRAME, 0)


def test_comments_that_are_too_long_are_cut_between_characters():
    value = pcapng_write.text("ä" * 40_000)
    assert len(value) == LONGEST_OPTION - 1
    assert value.decode() == "ä" * (LONGEST_OPTION // 2)
    with pytest.raises(ValueError, match="65536 bytes"):
        pcapng_write.option(1, bytes(LONGEST_OPTION + 1))


def test_what_is_no_unicode_is_written_as_an_escape():
    assert pcapng_write.text("a\udc80b") == b"a\\udc80b"


@needs_tshark
def test_tshark_reads_everything(tmp_path):
    path = tmp_path / "written.pcapng"
    with path.open("wb") as file:
        writer = Writer(
            file, comments=["first", "second\nline"], hardware="a machine", system="Linux 6.1", application="whyrst 0.1"
        )
        for link, name in ((1, "eth0"), (101, "tun0"), (276, "any")):
            writer.interface(link, snaplen=262144, name=name, expression="tcp port 80")
        writer.packet(FRAME, NANOSECOND, wire=1500, comments=["whyrst: one", "two ä"], direction="in")
        writer.packet(b"E" + bytes(19), NANOSECOND + 1, interface=1, direction="out")
        writer.packet(bytes(40), NANOSECOND + 2, interface=2)
    names = ("frame.comment", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.interface_name")
    found = fields(path, *names, "frame.packet_flags_direction")
    assert found == [
        [["whyrst: one", "two ä"], ["1780000000.123456789"], ["1500"], ["60"], ["eth0"], ["0x00000001"]],
        [None, ["1780000000.123456790"], ["20"], ["20"], ["tun0"], ["0x00000002"]],
        [None, ["1780000000.123456791"], ["40"], ["40"], ["any"], None],
    ]
    about = subprocess.run(["capinfos", str(path)], capture_output=True, text=True, check=True).stdout
    for part in ("a machine", "Linux 6.1", "whyrst 0.1", "first", "Time precision = nanoseconds (9)", "tcp port 80"):
        assert part in about
