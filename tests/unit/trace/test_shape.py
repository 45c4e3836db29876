from __future__ import annotations

import struct

import pytest

from unit.trace.events import ACK, SYN, aborted, numbers, packet, refused, taken
from whyrst.trace.shape import segment, shape_of


def test_an_answer_has_the_flags_of_what_asked_for_it():
    shape = shape_of(refused())
    assert (shape.kind, shape.reason, shape.state, shape.flags) == ("sent", "NO_SOCKET", "UNKNOWN", SYN)
    assert (shape.payload, shape.unread, shape.known, shape.lingers) == (False, False, False, False)
    assert shape.netns == 1


def test_an_abort_has_what_its_socket_held():
    assert shape_of(aborted()).unread
    assert not shape_of(aborted(numbers=numbers())).unread
    assert shape_of(aborted(numbers=numbers(lingers=True))).lingers
    assert not shape_of(aborted(state="LISTEN")).unread, "a listener has no bytes"


def test_a_reset_that_was_taken_has_no_reason():
    assert shape_of(taken(reason="TCP_RESET")).reason is None


@pytest.mark.parametrize("ends", [("10.0.0.2:4000", "10.0.0.1:80"), ("[2001:db8::2]:4000", "[2001:db8::1]:80")])
def test_payload_is_what_follows_the_headers(ends):
    assert segment(packet(*ends, flags=ACK)) == (ACK, False)
    assert segment(packet(*ends, flags=ACK, payload=b"x")) == (ACK, True)


def test_options_are_no_payload():
    plain = bytearray(packet("10.0.0.2:4000", "10.0.0.1:80", flags=ACK, payload=bytes(12)))
    plain[20 + 12] = 8 << 4
    assert segment(bytes(plain)) == (ACK, False)


def test_extension_headers_are_stepped_over():
    plain = packet("[2001:db8::2]:4000", "[2001:db8::1]:80", flags=ACK, payload=b"x")
    hops = struct.pack(">BB6x", 60, 0)  # hop-by-hop options, then destination options of 16 bytes
    more = struct.pack(">BB14x", 6, 1)
    assert segment(plain[:6] + b"\0" + plain[7:40] + hops + more + plain[40:]) == (ACK, True)


@pytest.mark.parametrize("cut", [0, 1, 19, 20, 39])
def test_what_is_cut_has_no_flags(cut):
    assert segment(packet("10.0.0.2:4000", "10.0.0.1:80")[:cut]) == (0, False)
    six = packet("[2001:db8::2]:4000", "[2001:db8::1]:80")
    assert segment(six[: cut + 20]) == (0, False)
    assert segment(six[:6] + b"\0" + six[7 : cut + 3]) == (0, False)
