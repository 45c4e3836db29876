from __future__ import annotations

import pytest

from whyrst.compare.segment import ACK, FIN, RST, SYN, Held, Segment
from whyrst.compare.sightings import same

ENDS = (0, 0xFFFF_C000_020A, 0, 0xFFFF_C633_6407, 40000, 80)


def segment(seq=100, length=0, *, flags=ACK, ack=7, forth=True, frame=1, ip_id=0, stamp=-1, time=0):
    return Segment(frame, time, forth, seq, ack, flags, length, 500, 64, ip_id, 0, stamp, 0, False, ENDS)


def test_what_offload_merged_is_held_in_parts():
    held = Held([segment(100, 3000)])
    assert segment(100, 1448) in held
    assert segment(1548, 1448) in held
    assert segment(2996, 200) not in held


def test_what_offload_cut_is_held_together():
    held = Held([segment(1548, 1452), segment(100, 1448)])
    assert segment(100, 2900) in held
    assert segment(100, 2901) not in held


def test_the_other_direction_does_not_count():
    assert segment(100, 10, forth=False) not in Held([segment(100, 10)])


@pytest.mark.parametrize("other", [{"ack": 8}, {"seq": 101}, {"flags": ACK | FIN}], ids=["ack", "seq", "fin"])
def test_a_bare_segment_is_held_only_as_it_is(other):
    assert segment() in Held([segment()])
    assert segment(**other) not in Held([segment()])


def test_the_end_counts_syn_and_fin_and_wraps():
    assert segment(0xFFFF_FFFF, 2, flags=SYN | FIN).end == 3


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        ({}, True),
        ({"ip_id": 0}, True),
        ({"ip_id": 6}, False),
        ({"ack": 9}, False),
        ({"flags": RST}, False),
        ({"length": 1}, False),
        ({"stamp": 11}, False),
        ({"stamp": -1}, True),
    ],
    ids=["equal", "id-unknown", "other-id", "other-ack", "other-flags", "other-length", "other-stamp", "no-stamp"],
)
def test_what_may_be_the_same_packet(change, alike):
    fields = {"flags": RST | ACK, "ip_id": 5, "stamp": 10}
    assert same(segment(**fields), segment(**fields | change)) is alike


def test_a_refusal_keeps_number_zero_where_devices_shift_numbers():
    assert same(segment(0, flags=RST | ACK), segment(4711, flags=RST | ACK))
    assert not same(segment(1, flags=RST | ACK), segment(4711, flags=RST | ACK))
