from __future__ import annotations

import socket
import struct
import time
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from whyrst.kernel.links import Link, Links, parse


def message(kind, number, flags=0, family=0, extra=b""):
    body = struct.pack("=BxHiII", family, 1, number, flags, 0) + extra
    padding = bytes(-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body + padding


def test_links_come_and_go():
    data = message(16, 1, 8) + message(16, 2, extra=b"abcde") + message(17, 2) + message(3, 9)
    assert list(parse(data)) == [Link(1, True, False), Link(2, False, False), Link(2, False, True)]


def test_leaving_a_bridge_is_no_removal():
    assert list(parse(message(17, 2, family=7))) == []


def test_a_message_that_is_cut_short_ends_the_list():
    data = message(16, 1) + message(16, 2)
    assert [list(parse(data[:cut])) for cut in (0, 15, 31)] == [[], [], []]
    assert list(parse(data[:40])) == [Link(1, False, False)]
    assert list(parse(struct.pack("=IHHII", 4, 16, 0, 0, 0))) == []


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data):
    assert all(isinstance(link, Link) for link in parse(data))


def test_the_interfaces_of_this_host_are_told():
    found, end = set(), time.monotonic() + 5
    expected = {number for number, _ in socket.if_nameindex()}
    with closing(Links()) as links:
        while not expected <= found and time.monotonic() < end:
            found |= {link.number for link in links.poll()}
    assert expected <= found
