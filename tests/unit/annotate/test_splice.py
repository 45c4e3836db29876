from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.annotate.blocks import comments as comments_of
from unit.capture import files
from unit.capture.files import BIG, LITTLE
from whyrst.annotate import splice
from whyrst.capture import pcapng
from whyrst.capture.reader import Reader
from whyrst.fast import scan
from whyrst.fast.layout import Rec

ORDERS = st.sampled_from([LITTLE, BIG])
COMMENTS = st.lists(st.text(max_size=30).map("whyrst: {}".format), min_size=1, max_size=3)
OPTIONS = st.binary(max_size=5).map(lambda data: data + bytes(-len(data) % 4))
"""Whatever stands where options should."""


@given(ORDERS, COMMENTS, st.binary(max_size=9), OPTIONS, st.booleans())
def test_a_packet_keeps_its_bytes(order, comments, data, options, old):
    form = files.obsolete(data, order=order) if old else files.enhanced(data, order=order, options=options)
    found, rest = comments_of(order, splice.into_packet(form, comments, order))
    assert found == comments
    assert rest == (form if old or options != bytes(4) else files.enhanced(data, order=order))


@given(ORDERS, COMMENTS, OPTIONS, st.integers(-1, 1 << 40), st.booleans())
def test_a_section_keeps_its_bytes(order, comments, options, length, grows):
    fixed = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, length)
    head = files.block(0x0A0D0D0A, fixed + options, order=order)
    found, rest = comments_of(order, splice.into_section(head, comments, order, grows=grows))
    assert found == comments
    left_open = files.block(
        0x0A0D0D0A, fixed[:-8] + b"\xff" * 8 + (options if options != bytes(4) else b""), order=order
    )
    assert rest[24:] == left_open[24:]
    assert rest[:16] == left_open[:16]
    assert rest[16:24] == (b"\xff" * 8 if grows else fixed[-8:])


def test_nothing_to_say_changes_nothing():
    section = files.section(options=files.option(1, b"a comment"))
    assert splice.into_section(section, [], LITTLE, grows=False) == section


def unit(options):
    cells = pcapng.interface(files.interface(options=options), big=False)[1]
    return [cells.get(cell, 0) for cell in range(scan.Unit.COUNT)]


@pytest.mark.parametrize(
    "resolution", [b"\x00", b"\x06", b"\x09", b"\x0c", b"\x80", b"\x8a", b"\xa0", b"\xbf", b"\xff"]
)
@pytest.mark.parametrize("offset", [0, 3600, -3600])
def test_times_fit_the_interface(tmp_path, resolution, offset):
    options = files.option(9, resolution) + files.option(14, struct.pack("<q", offset))
    moment = 1_000_000_000_000_000
    units = splice.ticks(moment, unit(options))
    path = tmp_path / "times.pcapng"
    path.write_bytes(files.section() + files.interface(options=options) + files.enhanced(b"x", ticks=units))
    with Reader(str(path)) as reader:
        assert next(reader.records()) == 1
        read = int(reader.table[0, Rec.TIME])
    if units == splice.LAST_TICK:  # so fine a unit cannot count to this moment
        assert resolution in {b"\xbf", b"\xff"}
    else:
        assert read == moment


def test_times_before_the_interface_s_own_are_its_first():
    assert splice.ticks(5, unit(files.option(14, struct.pack("<q", 10)))) == 0
