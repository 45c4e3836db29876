"""The compiled and the plain decoder give equal rows and skips, whatever the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.fast import test_headers, test_payload
from unit.fast.frames import ethernet, ipv4, tcp
from unit.fast.segments_of import decode
from whyrst.fast import headers as plain

compiled = pytest.importorskip("whyrst.fast.compiled.headers", reason="the loops are not compiled")

LINKS = [0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 107, 108, 113, 127, 228, 229, 239, 276, 147]
SEEDS = [(link, packet) for link, packet, _ in test_headers.LAYERS.values()]
SEEDS += [(1, ethernet(ipv4(tcp(case[2], **case[3])))) for case in test_payload.CASES]
SEEDS += [(1, ethernet(ipv4(tcp(flags=2, options=test_headers.SYN_OPTIONS))))]


@st.composite
def mutated(draw):
    """A valid packet with bytes changed, cut or lengthened, maybe under another link type, with any wire length."""
    link, packet = draw(st.sampled_from(SEEDS))
    packet = bytearray(packet)
    for at, value in draw(st.lists(st.tuples(st.integers(0, 140), st.integers(0, 255)), max_size=4)):
        packet[at % len(packet)] = value
    data = bytes(packet[: draw(st.integers(0, len(packet) + 40))]) + draw(st.binary(max_size=8))
    link = draw(st.sampled_from([link, link, link, *LINKS]))
    return link, (data, draw(st.sampled_from([len(data), len(packet), 0, 2**40, -(2**62), 2**63 - 1])))


def both(packets, link, **more):
    expected = decode(packets, link, loops=plain, **more)
    assert decode(packets, link, loops=compiled, **more) == expected
    segments, skips = expected
    assert len(segments) + sum(skips.values()) == len(packets)
    for segment in segments:
        assert -77 not in segment.values(), "a cell was not written"
        assert 0 <= segment.payload_have <= segment.length
        assert segment.name_length <= 255
        assert segment.name_length == 0 or segment.payload_at <= segment.name_at < segment.payload_at + 70000


@given(st.binary(max_size=200), st.sampled_from(LINKS), st.integers(0, 2**32))
def test_random_bytes(data, link, wire):
    both([(data, wire)], link)


@settings(max_examples=400)
@given(mutated(), st.sampled_from([b"", b"\xee" * 3]), st.integers(-(2**62), 2**62))
def test_mutated_packets(case, gap, interface):
    link, packet = case
    both([packet, packet[0]], link, gap=gap, interface=interface)
