from __future__ import annotations

import struct

import pytest

from unit.capture import files
from unit.capture.files import BIG, LITTLE, option
from whyrst.capture import pcapng
from whyrst.fast import scan

UNIT = scan.Unit
ORDERS = pytest.mark.parametrize("order", [LITTLE, BIG])


@ORDERS
def test_a_section_tells_its_byte_order_and_length(order):
    data = files.section(order=order)
    assert pcapng.is_pcapng(data)
    assert pcapng.section_head(data[:12]) == (order == BIG, 28)
    pcapng.check_section(data, big=order == BIG)


@pytest.mark.parametrize(
    ("start", "new", "reason"),
    [
        (8, b"\0\0\0\0", "no byte-order magic"),
        (4, b"\x08\0\0\0", "length of 8 bytes"),
        (4, b"\x1d\0\0\0", "length of 29 bytes"),
        (4, b"\0\0\0\x7f", "length of 2130706432 bytes"),
    ],
)
def test_a_section_that_cannot_be_is_refused(start, new, reason):
    data = bytearray(files.section())
    data[start : start + 4] = new
    with pytest.raises(ValueError, match=reason):
        pcapng.section_head(bytes(data[:12]))


def test_a_section_with_two_lengths_is_refused():
    with pytest.raises(ValueError, match="two lengths differ"):
        pcapng.check_section(files.section()[:-4] + b"\0\0\0\0", big=False)


def test_an_unknown_version_is_refused():
    with pytest.raises(ValueError, match=r"pcapng version 2\.7 does not exist"):
        pcapng.check_section(files.section(version=(2, 7)), big=False)


@ORDERS
def test_an_interface_is_read(order):
    options = option(2, b"eth0\0", order=order) + option(9, b"\x09", order=order)
    options += option(14, struct.pack(order + "q", -3600), order=order) + option(0, b"", order=order)
    options += option(2, b"after the end", order=order)
    data = files.interface(order=order, link=276, snaplen=128, options=options)
    found, cells = pcapng.interface(data, big=order == BIG)
    assert (found.link, found.snaplen, found.name) == (276, 128, "eth0")
    assert (cells[UNIT.MULTIPLY], cells[UNIT.OFFSET]) == (1, -3600 * 10**9)
    assert (cells[UNIT.LINK], cells[UNIT.SNAPLEN]) == (276, 128)


@pytest.mark.parametrize(
    ("resolution", "multiply", "divide", "shift"),
    [
        (None, 1000, 0, 0),
        (b"\x00", 10**9, 0, 0),
        (b"\x06", 1000, 0, 0),
        (b"\x0c", 0, 1000, 0),
        (b"\x7f", 0, scan.FAR, 0),
        (b"\x80", 0, 0, 0),
        (b"\xa0", 0, 0, 32),
        (b"\xff", 0, 0, 127),
        (b"", 1000, 0, 0),
    ],
)
def test_the_unit_of_time_is_read(resolution, multiply, divide, shift):
    _, cells = pcapng.interface(
        files.interface(options=b"" if resolution is None else option(9, resolution)), big=False
    )
    assert (cells[UNIT.MULTIPLY], cells[UNIT.DIVIDE], cells[UNIT.SHIFT]) == (multiply, divide, shift)


def test_absurd_offsets_are_kept_in_bounds():
    for seconds, bound in ((2**63 - 1, scan.FAR), (-(2**63), -scan.FAR)):
        block = files.interface(options=option(14, struct.pack("<q", seconds)))
        assert pcapng.interface(block, big=False)[1][UNIT.OFFSET] == bound


def test_names_are_short_and_safe_to_print():
    found, _ = pcapng.interface(files.interface(options=option(2, b"\x1b[1m" + b"x" * 9000)), big=False)
    assert found.name.startswith("\\x1b[1mx")
    assert len(found.name) < 300


def test_options_that_leave_the_block_end_the_options():
    found, _ = pcapng.interface(files.interface(options=b"\x02\0\xff\xff" + b"eth0"), big=False)
    assert not found.name


@ORDERS
def test_statistics_are_read(order):
    options = b"".join(option(code, struct.pack(order + "Q", n), order=order) for code, n in ((4, 100), (5, 7), (7, 2)))
    assert pcapng.statistics(files.statistics(3, order=order, options=options), big=order == BIG) == (3, 100, 9)


def test_statistics_may_be_silent():
    block = files.statistics(0, options=option(4, b"\1\2"))
    assert pcapng.statistics(block, big=False) == (0, None, None)
