from __future__ import annotations

from importlib import import_module, util

import numpy as np
import pytest

from whyrst.fast.layout import Rec

BUILT = util.find_spec("whyrst.fast.compiled.bpf") is not None
MODULES = [
    "whyrst.fast.bpf",
    pytest.param(
        "whyrst.fast.compiled.bpf", marks=pytest.mark.skipif(not BUILT, reason="the compiled loops are not built")
    ),
]
YES = (0x06, 0, 0, 1)
NO = (0x06, 0, 0, 0)
RETURN_A = (0x16, 0, 0, 0)
TXA = (0x87, 0, 0, 0)
TAX = (0x07, 0, 0, 0)


def lda(k):
    return (0x00, 0, 0, k)


def ldx(k):
    return (0x01, 0, 0, k)


def equal(k):
    return [(0x15, 0, 1, k), YES, NO]


@pytest.fixture(params=MODULES)
def run(request):
    module = import_module(request.param)

    def call(program, packet=b"", wire=None):
        rows = np.zeros((1, Rec.COUNT), np.int64)
        rows[0, Rec.CAPTURED] = len(packet)
        rows[0, Rec.WIRE] = len(packet) if wire is None else wire
        rows[0, Rec.LINK] = 1
        rows[0, Rec.KEEP] = 7
        table = memoryview(np.array(program, np.int64).reshape(-1, 4))
        memory = memoryview(np.full(16, 99, np.int64))
        kept = module.select(table, memory, memoryview(packet), memoryview(rows), 1, 1)
        assert rows[0, Rec.KEEP] == kept
        return kept

    return call


@pytest.mark.parametrize(
    ("steps", "result"),
    [
        ([lda(7), (0x04, 0, 0, 0xFFFFFFFF)], 6),
        ([lda(7), (0x14, 0, 0, 8)], 0xFFFFFFFF),
        ([lda(0xFFFFFFFF), (0x24, 0, 0, 0xFFFFFFFF)], 1),
        ([lda(0xFFFFFFFF), (0x34, 0, 0, 10)], 0xFFFFFFFF // 10),
        ([lda(0xFFFFFFFF), (0x94, 0, 0, 10)], 5),
        ([lda(0xF0), (0x44, 0, 0, 0x0F)], 0xFF),
        ([lda(0xF5), (0x54, 0, 0, 0x0F)], 5),
        ([lda(0xF5), (0xA4, 0, 0, 0xFF)], 0x0A),
        ([lda(0x80000001), (0x64, 0, 0, 1)], 2),
        ([lda(0x80000001), (0x74, 0, 0, 1)], 0x40000000),
        ([lda(1), (0x84, 0, 0, 0)], 0xFFFFFFFF),
        ([lda(0), (0x84, 0, 0, 0)], 0),
        ([ldx(3), lda(4), (0x0C, 0, 0, 0)], 7),
        ([ldx(5), lda(4), (0x1C, 0, 0, 0)], 0xFFFFFFFF),
        ([ldx(5), lda(4), (0x2C, 0, 0, 0)], 20),
        ([ldx(5), lda(14), (0x3C, 0, 0, 0)], 2),
        ([ldx(5), lda(14), (0x9C, 0, 0, 0)], 4),
        ([ldx(5), lda(8), (0x4C, 0, 0, 0)], 13),
        ([ldx(5), lda(4), (0x5C, 0, 0, 0)], 4),
        ([ldx(5), lda(4), (0xAC, 0, 0, 0)], 1),
        ([ldx(31), lda(3), (0x6C, 0, 0, 0)], 0x80000000),
        ([ldx(32), lda(3), (0x6C, 0, 0, 0)], 0),
        ([ldx(31), lda(0x80000000), (0x7C, 0, 0, 0)], 1),
        ([ldx(0xFFFFFFFF), lda(3), (0x7C, 0, 0, 0)], 0),
        ([lda(5), TAX, lda(0), TXA], 5),
        ([lda(5), (0x02, 0, 0, 15), lda(0), (0x60, 0, 0, 15)], 5),
        ([ldx(5), (0x03, 0, 0, 1), (0x61, 0, 0, 1), TXA], 5),
        ([(0x60, 0, 0, 3)], 0),
        ([(0x80, 0, 0, 0)], 1500),
        ([(0x81, 0, 0, 0), TXA], 1500),
        ([(0x20, 0, 0, 0)], 0x45FF8001),
        ([(0x28, 0, 0, 1)], 0xFF80),
        ([(0x30, 0, 0, 3)], 1),
        ([ldx(1), (0x40, 0, 0, 0)], 0xFF800102),
        ([ldx(1), (0x48, 0, 0, 1)], 0x8001),
        ([ldx(1), (0x50, 0, 0, 0)], 0xFF),
        ([(0xB1, 0, 0, 0), TXA], 20),
    ],
)
def test_every_step_leaves_its_result_in_a(run, steps, result):
    packet = bytes([0x45, 0xFF, 0x80, 0x01, 0x02])
    assert run([*steps, *equal(result)], packet, 1500) == 1
    assert run([*steps, *equal(result ^ 1)], packet, 1500) == 0


@pytest.mark.parametrize("code", [0x20, 0x28, 0x30, 0xB1, 0x40, 0x48, 0x50])
@pytest.mark.parametrize("at", [5, 0x7FFFFFFF, 0xFFFFF000, 0xFFFFFFFF])
def test_load_outside_the_packet_says_no(run, code, at):
    assert run([(code, 0, 0, at), YES], b"12345") == 0


@pytest.mark.parametrize(("code", "size"), [(0x20, 4), (0x28, 2), (0x30, 1)])
def test_load_may_end_where_the_packet_ends(run, code, size):
    assert run([(code, 0, 0, 5 - size), YES], b"12345") == 1
    assert run([(code, 0, 0, 6 - size), YES], b"12345") == 0


def test_indexed_load_does_not_wrap_around(run):
    assert run([ldx(0xFFFFFFFF), (0x50, 0, 0, 2), YES], b"12345") == 0


@pytest.mark.parametrize("code", [0x3C, 0x9C])
def test_division_by_zero_says_no(run, code):
    assert run([ldx(0), lda(3), (code, 0, 0, 0), YES]) == 0


@pytest.mark.parametrize(
    ("code", "a", "k", "taken"),
    [
        (0x15, 5, 5, True),
        (0x15, 5, 6, False),
        (0x25, 0xFFFFFFFF, 1, True),
        (0x25, 5, 5, False),
        (0x35, 5, 5, True),
        (0x35, 4, 5, False),
        (0x45, 6, 2, True),
        (0x45, 6, 1, False),
    ],
)
def test_branches_compare_unsigned(run, code, a, k, taken):
    assert run([lda(a), (code, 0, 1, k), YES, NO]) == taken
    assert run([lda(a), ldx(k), (code | 0x08, 0, 1, 0), YES, NO]) == taken


def test_jump_goes_both_ways_but_not_for_ever(run):
    back = (0x05, 0, 0, (1 << 32) - 3)
    count_to_nine = [lda(0), (0x04, 0, 0, 1), (0x15, 1, 0, 9), back, *equal(9)]
    assert run(count_to_nine) == 1
    assert run([(0x05, 0, 0, 1), NO, YES]) == 1
    assert run([(0x05, 0, 0, 0xFFFFFFFF), YES]) == 0


def test_return_a(run):
    assert run([lda(2), RETURN_A]) == 1
    assert run([RETURN_A]) == 0


@pytest.mark.parametrize("name", MODULES)
def test_only_the_records_of_the_link_type_are_judged_and_none_is_read_outside_the_buffer(name):
    rows = np.zeros((6, Rec.COUNT), np.int64)
    rows[:, Rec.LINK] = [1, 113, 1, 1, 1, 1]
    rows[:, Rec.OFFSET] = [0, 0, 4, -1, 9, 0]
    rows[:, Rec.CAPTURED] = [1, 1, 50, 1, 1, 1]
    rows[:, Rec.KEEP] = 5
    program = memoryview(np.array([(0x30, 0, 0, 0), YES], np.int64))
    memory = memoryview(np.zeros(16, np.int64))
    kept = import_module(name).select(program, memory, memoryview(b"12345"), memoryview(rows), 1, 5)
    assert rows[:, Rec.KEEP].tolist() == [1, 5, 1, 0, 0, 5]
    assert kept == 2
