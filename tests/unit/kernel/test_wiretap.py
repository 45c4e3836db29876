from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.kernel.heard import ACK, PSH, RST, packet
from whyrst.kernel.wiretap import segment

A, B = ("192.0.2.1", 1000), ("198.51.100.2", 80)
A6, B6 = ("2001:db8::1", 1000), ("2001:db8::2", 80)


@pytest.mark.parametrize("options", [b"", bytes(4), bytes(40)], ids=["plain", "one word", "full"])
def test_an_ipv4_segment_is_found_behind_its_options(options):
    found = segment(packet(A, B, RST | ACK, 7, 9, ip_id=77, options=options))
    assert found == ("192.0.2.1:1000", "198.51.100.2:80", 7, 9, RST | ACK, 77, 0)


def test_an_ipv6_segment_is_found():
    assert segment(packet(A6, B6, RST, 7)) == ("[2001:db8::1]:1000", "[2001:db8::2]:80", 7, 0, RST, 0, 0)


def test_the_payload_is_what_the_ip_header_says_though_less_was_kept():
    whole = packet(A, B, ACK | PSH, 1, 2, payload=bytes(1000), tcp_options=bytes(12))
    assert segment(whole[:60]).length == 1000


@pytest.mark.parametrize("cut", range(40))
def test_a_packet_that_ends_in_a_header_holds_no_segment(cut):
    assert segment(packet(A, B)[:cut]) is None
    assert segment(packet(A6, B6)[:cut]) is None


def test_what_is_no_tcp_or_no_first_fragment_holds_no_segment():
    plain = bytearray(packet(A, B))
    plain[9] = 17
    assert segment(bytes(plain)) is None
    plain[9], plain[7] = 6, 1
    assert segment(bytes(plain)) is None
    plain[7], plain[0] = 0, 0x44
    assert segment(bytes(plain)) is None
    six = bytearray(packet(A6, B6))
    six[6] = 0
    assert segment(bytes(six)) is None


@given(st.binary(max_size=120))
def test_any_bytes_are_survived(data):
    found = segment(data)
    assert found is None or found.length >= 0
