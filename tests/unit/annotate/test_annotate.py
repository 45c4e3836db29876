"""Whole captures, read by other programs."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

import whyrst
from unit.annotate.blocks import PACKET, SECTION, blocks, comments, kind
from unit.annotate.packets import read
from unit.capture import files
from whyrst.annotate import annotate
from whyrst.capture.errors import CaptureError, FilterError

ROOT = Path(__file__).parents[3]
CASES = sorted((ROOT / "tests" / "cases").glob("*/capture.pcap"))
EXAMPLE = ROOT / "examples" / "resets.pcap"
NUMBERS = ("-T", "fields", "-e", "frame.number")
VERDICT = "^whyrst: [a-z0-9-]+(, [a-z]+)?: "
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def tshark(path, *options):
    done = subprocess.run(["tshark", "-r", str(path), *options], capture_output=True, check=True)
    return done.stdout.decode().splitlines()


def expected(path):
    """Packets that must have a comment, told by the verdicts alone."""
    frames = set()
    for verdict in whyrst.analyze(path).verdicts:
        frames.add(verdict.frame)
        for one in verdict.evidence:
            if one.holds == "yes" or (one.holds == "no" and one.weight != "refutes"):
                frames.update(one.frames)
    return frames


@needs_tshark
@pytest.mark.parametrize("path", [EXAMPLE, *CASES[::15]], ids=lambda path: path.parent.name)
def test_tshark_finds_exactly_the_numbers_resets_and_evidence(path, tmp_path):
    out = tmp_path / "out.pcapng"
    done = annotate(path, out)
    frames = expected(path)
    found = tshark(out, "-Y", 'frame.comment contains "whyrst"', *NUMBERS)
    assert {int(one) for one in found} == frames
    assert done.frames == len(frames)
    resets = {verdict.frame for verdict in whyrst.analyze(path).verdicts}
    first = tshark(
        out, "-Y", 'frame.comment matches "^whyrst: [a-z0-9-]+(, [a-z]+)?: "', "-T", "fields", "-e", "frame.number"
    )
    assert {int(one) for one in first} == resets
    assert done.resets == len(resets)


@needs_tshark
@pytest.mark.parametrize("path", [EXAMPLE, *CASES[::15]], ids=lambda path: path.parent.name)
def test_tshark_sees_the_same_packets(path, tmp_path):
    out = tmp_path / "out.pcapng"
    annotate(path, out)
    fields = ("frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.encap_type", "tcp.flags")
    options = ["-T", "fields", *(part for name in fields for part in ("-e", name))]
    assert tshark(out, *options) == tshark(path, *options)
    assert tshark(out, "-x") == tshark(path, "-x")


@needs_tshark
@pytest.mark.parametrize("kind_of_file", ["nsecpcap", "modpcap", "pcapng"])
def test_other_forms_of_a_capture(kind_of_file, tmp_path):
    path, out = tmp_path / "in", tmp_path / "out.pcapng"
    subprocess.run(["editcap", "-F", kind_of_file, str(EXAMPLE), str(path)], check=True)
    annotate(path, out)
    assert tshark(out, "-x") == tshark(path, "-x")
    numbers = ("-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch")
    assert tshark(out, *numbers) == tshark(path, *numbers)
    found = tshark(out, "-Y", 'frame.comment contains "whyrst"', *NUMBERS)
    assert {int(one) for one in found} == expected(EXAMPLE)


@needs_tshark
def test_wireshark_s_own_comments_stay(tmp_path):
    path, out = tmp_path / "in", tmp_path / "out.pcapng"
    subprocess.run(
        ["editcap", "-F", "pcapng", "-a", "93:my own", "-a", "1:mine too", str(EXAMPLE), str(path)], check=True
    )
    annotate(path, out)
    assert tshark(out, "-Y", 'frame.comment contains "mine too"', "-T", "fields", "-e", "frame.comment") == ["mine too"]
    (shown,) = tshark(out, "-Y", 'frame.comment == "my own"', "-T", "fields", "-e", "frame.comment")
    assert shown.startswith("whyrst: keep-alive-race")
    assert shown.endswith(",my own")


def section(order, packets):
    """A section with blocks of many kinds around the packets."""
    name = struct.pack(order + "HH", 1, 18) + b"\xc6\x33\x64\x07shop.example\0\0" + b"\0\0" + bytes(4)
    secret = struct.pack(order + "II", 0x544C534B, 4) + b"# \n\n"
    counts = files.option(4, struct.pack(order + "Q", len(packets)), order=order) + bytes(4)
    mine = files.option(2, struct.pack(order + "I", 1), order=order) + bytes(4)
    made = [
        files.section(order=order, options=files.option(3, b"Linux", order=order) + bytes(4)),
        files.interface(order=order, snaplen=262144, options=files.option(9, b"\x09", order=order) + bytes(4)),
        files.block(4, name, order=order),
        files.block(10, secret, order=order),
        files.block(0xBAD, struct.pack(order + "I", 32473) + b"of somebody", order=order),
        *(files.enhanced(data, order=order, ticks=time, wire=wire, options=mine) for data, time, wire, _ in packets),
        files.statistics(0, order=order, options=counts),
    ]
    return b"".join(made)


@needs_tshark
def test_sections_of_both_byte_orders_open_in_wireshark(tmp_path):
    path, out = tmp_path / "in.pcapng", tmp_path / "out.pcapng"
    packets, _ = read(EXAMPLE)
    path.write_bytes(section(files.BIG, packets) + section(files.LITTLE, packets))
    done = annotate(path, out)
    assert done.quality.packets == 2 * len(packets)
    numbers = tshark(out, "-Y", "eth", *NUMBERS)  # Wireshark counts custom blocks, too, and whyrst packets only
    found = tshark(out, "-Y", 'frame.comment contains "whyrst"', *NUMBERS)
    assert {numbers.index(one) + 1 for one in found} == expected(path)
    options = [*NUMBERS, *(part for name in ("frame.time_epoch", "frame.packet_flags") for part in ("-e", name))]
    assert tshark(out, *options) == tshark(path, *options)
    kinds = [[kind(*one) for one in blocks(file.read_bytes())] for file in (path, out)]
    assert kinds[0] == kinds[1]


@needs_tshark
def test_the_summary_stands_in_the_section(tmp_path):
    out = tmp_path / "out.pcapng"
    annotate(EXAMPLE, out, filter="port 8080")
    about = subprocess.run(["capinfos", str(out)], capture_output=True, text=True, check=True).stdout
    assert ": 3 TCP resets in 140 packets" in about
    assert "filter takes were judged: port 8080" in about
    assert "3 x port-closed (refused)" in about


def test_a_stream_is_written_as_a_file_is(tmp_path):
    out, stream = tmp_path / "out.pcapng", io.BytesIO()
    assert annotate(EXAMPLE, out) == annotate(EXAMPLE, stream)
    assert out.read_bytes() == stream.getvalue()


def test_annotating_again_adds_only_to_packets_that_have_comments(tmp_path):
    first, second = tmp_path / "1.pcapng", tmp_path / "2.pcapng"
    annotate(EXAMPLE, first)
    annotate(first, second)
    for (order, one), (_, two) in zip(blocks(first.read_bytes()), blocks(second.read_bytes()), strict=True):
        has_comments = kind(order, one) in {SECTION, PACKET} and comments(order, one)[0]
        assert (one != two) == bool(has_comments)


def test_a_damaged_capture_is_annotated_as_far_as_it_goes(tmp_path):
    path, out = tmp_path / "in.pcapng", tmp_path / "out.pcapng"
    annotate(EXAMPLE, path)
    path.write_bytes(path.read_bytes()[:-70])
    done = annotate(path, out)
    (damage,) = done.quality.damage
    assert len(blocks(out.read_bytes())) == 2 + done.quality.packets == 2 + 139
    assert f"the capture is damaged, byte {damage.offset}" in comments(*blocks(out.read_bytes())[0])[0][0]


def test_progress_goes_over_the_file_twice(tmp_path):
    seen = []
    annotate(EXAMPLE, tmp_path / "out", progress=lambda done, total: seen.append((done, total)))
    size = EXAMPLE.stat().st_size
    assert seen[-1] == (2 * size, 2 * size)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_what_cannot_be_read_leaves_no_file(tmp_path):
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(b"no capture")
    with pytest.raises(CaptureError):
        annotate(path, out)
    with pytest.raises(FilterError):
        annotate(EXAMPLE, out, filter="port port")
    assert list(tmp_path.iterdir()) == [path]


def test_a_capture_without_resets_gets_only_the_summary(tmp_path):
    path, out = tmp_path / "in.pcapng", tmp_path / "out.pcapng"
    path.write_bytes(files.section() + files.interface() + files.enhanced(b"nothing") * 3)
    assert annotate(path, out)[:2] == (0, 0)
    made = blocks(out.read_bytes())
    assert comments(*made[0])[0][0].endswith(": 0 TCP resets in 3 packets")
    assert out.read_bytes().endswith(path.read_bytes()[28:])
