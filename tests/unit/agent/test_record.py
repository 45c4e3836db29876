from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whyrst.agent.record import HEAD, LONGEST, MARK, Record, pack, unpack

LINES = st.lists(st.text().map(str.encode), max_size=8)


def records(lines):
    return [Record(number, line) for number, line in enumerate(lines, 1)]


def found(data):
    return [record for record, _ in unpack(data)]


@given(LINES)
def test_what_was_packed_is_found_again(lines):
    data = b"".join(map(pack, records(lines)))
    assert found(data) == records(lines)
    assert [end for _, end in unpack(data)][-1:] == [len(data)][: len(lines)]


@given(LINES, st.data())
def test_a_cut_costs_only_the_record_that_it_cuts(lines, data):
    whole = b"".join(map(pack, records(lines)))
    cut = data.draw(st.integers(0, len(whole)))
    assert found(whole[:cut]) == [record for record, end in unpack(whole) if end <= cut]


@given(LINES.filter(bool), st.data())
def test_a_damaged_byte_costs_one_record_only(lines, data):
    whole = bytearray(b"".join(map(pack, records(lines))))
    at = data.draw(st.integers(0, len(whole) - 1))
    hit = sum(end <= at for _, end in unpack(bytes(whole)))
    whole[at] ^= data.draw(st.integers(1, 255))
    assert found(bytes(whole)) == [one for one in records(lines) if one.number != hit + 1]


@given(st.binary(max_size=200))
def test_anything_can_be_read(data):
    assert found(data) == [] or MARK in data


@pytest.mark.parametrize("length", [LONGEST + 1, 0xFFFFFFFF])
def test_a_length_decides_nothing_alone(length):
    data = pack(Record(1, b"{}"))
    assert found(HEAD.pack(MARK, 0, length, 7) + data) == [Record(1, b"{}")]
