from __future__ import annotations

import gzip
import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.annotate.blocks import INTERFACE, PACKET, PACKETS, SECTION, SIMPLE, blocks, comments, kind
from unit.annotate.packets import noted, read
from unit.capture import files
from unit.capture.files import BIG, LITTLE
from whyrst.annotate.due import Due
from whyrst.annotate.pcapng import Copy
from whyrst.capture.errors import CaptureError

SUMMARY = "whyrst 0: a summary"


def copied(path, notes=(), *, until=None, piece=1 << 20):
    out = io.BytesIO()
    with Copy(str(path), out, Due(notes), until=until, piece=piece) as copy:
        copy.run(SUMMARY, lambda _: None)
    return out.getvalue()


@st.composite
def sections(draw):
    """A pcapng of sections with blocks of all kinds."""
    made = []
    for _ in range(draw(st.integers(1, 3))):
        order = draw(st.sampled_from([LITTLE, BIG]))
        comment = files.option(1, draw(st.binary(max_size=9)), order=order)
        fixed = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, draw(st.sampled_from([-1, 0, 4096])))
        made.append(files.block(SECTION, fixed + draw(st.sampled_from([b"", comment])), order=order))
        known = 0
        for _ in range(draw(st.integers(0, 9))):
            choice = draw(
                st.sampled_from(["interface", "other", "long", *(["enhanced", "simple", "old"] if known else [])])
            )
            data = draw(st.binary(max_size=40))
            options = draw(st.sampled_from([b"", files.option(1, b"mine", order=order), b"\xff\xff\xff\xff"]))
            number = draw(st.integers(0, max(known - 1, 0)))
            time = draw(st.integers(0, 1 << 40))
            if choice == "interface":
                resolution = files.option(9, draw(st.sampled_from([b"\x06", b"\x09", b"\x03", b"\x94"])), order=order)
                made.append(files.interface(order=order, link=draw(st.sampled_from([1, 101])), options=resolution))
                known += 1
            elif choice == "enhanced":
                made.append(files.enhanced(data, order=order, number=number, ticks=time, wire=1500, options=options))
            elif choice == "old":
                made.append(files.obsolete(data, order=order, number=number, ticks=time))
            elif choice == "simple":
                made.append(files.simple(data, order=order))
            else:
                what = draw(st.sampled_from([4, 5, 10, 0xBAD, 0x40000BAD, 0x7777]))
                made.append(files.block(what, bytes(12) + data * (9 if choice == "long" else 1), order=order))
    return b"".join(made)


@given(sections(), st.sets(st.integers(1, 30)), st.sampled_from([64, 100, 1 << 16]))
def test_only_what_gets_a_comment_grows(tmp_path_factory, data, frames, piece):
    folder = tmp_path_factory.getbasetemp()
    path, new = folder / "before.pcapng", folder / "after.pcapng"
    path.write_bytes(data)
    before, damage = read(path)
    assert not damage
    notes = noted(*sorted(frame for frame in frames if frame <= len(before)))
    made = copied(path, notes, piece=piece)
    new.write_bytes(made)
    assert read(new)[1] == []
    wanted, frame, first = dict(notes), 0, True
    for (order, old), (same, block) in zip(blocks(data), blocks(made), strict=True):
        assert order == same
        frame += kind(order, old) in PACKETS
        if kind(order, old) == SECTION:
            found, rest = comments(order, block)
            assert found == ([SUMMARY] if first else [])
            assert rest[:16] + old[16:24] + rest[24:] == old
            assert rest[16:24] in {old[16:24], b"\xff" * 8}
            first = False
        elif kind(order, old) in PACKETS and frame in wanted:
            found, rest = comments(order, block)
            assert found == wanted[frame]
            if kind(order, old) == SIMPLE:
                assert kind(order, block) == PACKET
            else:
                assert rest == old
        else:
            assert block == old


@given(sections(), st.sets(st.integers(1, 30), max_size=4))
def test_the_packets_stay_the_same(tmp_path_factory, data, frames):
    folder = tmp_path_factory.getbasetemp()
    path, new = folder / "packets.pcapng", folder / "same.pcapng"
    path.write_bytes(data)
    new.write_bytes(copied(path, noted(*sorted(frames))))
    (before, _), (after, damage) = read(path), read(new)
    assert not damage
    assert [(one[0], one[2], one[3]) for one in after] == [(one[0], one[2], one[3]) for one in before]
    kinds = [kind(order, block) for order, block in blocks(data) if kind(order, block) in PACKETS]
    own_time = [at for at, one in enumerate(kinds) if one != SIMPLE]
    assert [after[at][1] for at in own_time] == [before[at][1] for at in own_time]


def test_sections_that_stay_as_they_are_keep_their_length(tmp_path):
    path = tmp_path / "in"
    fixed = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, 96)
    section = files.block(SECTION, fixed)
    body = files.interface() + files.enhanced(b"x" * 4)
    path.write_bytes((section + body) * 3)
    made = [block for _, block in blocks(copied(path, noted(2)))]
    assert [block[16:24] == b"\xff" * 8 for block in made if block[:4] == b"\x0a\x0d\x0d\x0a"] == [True, True, False]


def test_a_simple_packet_takes_the_time_before_it(tmp_path):
    path, new = tmp_path / "in", tmp_path / "out"
    path.write_bytes(
        files.section()
        + files.interface(options=files.option(9, b"\x03"))
        + files.interface(options=files.option(9, b"\x09"))
        + files.simple(b"first")
        + files.enhanced(b"second", number=1, ticks=7_000_999_999)
        + files.simple(b"third", wire=90)
    )
    new.write_bytes(copied(path, noted(1, 3)))
    assert [one[1:3] for one in read(new)[0]] == [(0, 5), (7_000_999_999, 6), (7_000_000_000, 90)]


def test_compressed_captures_are_copied_plain(tmp_path):
    path = tmp_path / "in.gz"
    data = files.section() + files.interface() + files.enhanced(b"x") * 500
    path.write_bytes(gzip.compress(data))
    assert copied(path).endswith(data[28:])


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_cut_file_is_copied_up_to_its_last_whole_block(tmp_path, cut):
    path, new = tmp_path / "in", tmp_path / "out"
    data = files.section() + files.interface() + files.enhanced(b"abcd") * 5 + files.block(0xBAD, bytes(30))
    path.write_bytes(data[:-cut])
    packets, damage = read(path)
    (one,) = damage or [None]
    until = one.offset if one else None
    new.write_bytes(copied(path, noted(2), until=until, piece=64))
    assert read(new) == (packets, [])
    assert len(packets) == (5 if cut <= 44 else 4)


@pytest.mark.parametrize("bad", [files.block(0xBAD, bytes(300))[:-4] + bytes(4), files.section(version=(9, 9))])
def test_nothing_is_copied_from_damage_on(tmp_path, bad):
    path = tmp_path / "in"
    good = files.section() + files.interface() + files.enhanced(b"abcd")
    path.write_bytes(good + bad + files.enhanced(b"lost"))
    _, (damage,) = read(path)
    assert damage.offset == len(good)
    assert copied(path, until=damage.offset, piece=64).endswith(good[28:])


def test_a_file_that_shrinks_is_an_error(tmp_path):
    path = tmp_path / "in"
    path.write_bytes(files.section() + files.block(0xBAD, bytes(3000))[:-100])
    with pytest.raises(CaptureError, match="became shorter"):
        copied(path, piece=64)


def test_many_interfaces_are_known(tmp_path):
    path = tmp_path / "in"
    data = files.section() + files.interface() * 40 + files.enhanced(b"x", number=39)
    path.write_bytes(data)
    made = blocks(copied(path, noted(1)))
    assert [kind(*one) for one in made].count(INTERFACE) == 40
    assert comments(*made[-1])[0] == ["whyrst: 1", "whyrst: more of 1"]
