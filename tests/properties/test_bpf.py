from __future__ import annotations

import ctypes
from importlib import import_module, util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whyrst.capture.errors import FilterError
from whyrst.capture.filter import _ABSOLUTE, _ANCILLARY, _Instruction, compiled, libpcap, validated
from whyrst.fast.layout import Rec

NAMES = ["whyrst.fast.bpf"]
if util.find_spec("whyrst.fast.compiled.bpf") is not None:
    NAMES.append("whyrst.fast.compiled.bpf")
LOOPS = [import_module(name) for name in NAMES]

try:
    ORACLE = libpcap().bpf_filter
    ORACLE.restype = ctypes.c_uint
except (FilterError, AttributeError) as error:
    pytest.skip(f"no oracle: {error}", allow_module_level=True)

WORDS = st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1), st.sampled_from([2**31, 2**32 - 1, 2**32 - 4096]))
ARITHMETIC = [0x04, 0x14, 0x24, 0x44, 0x54, 0xA4]
SHIFTS = [0x64, 0x74]
DIVISIONS = [0x34, 0x94]
WITH_X = [code | 0x08 for code in ARITHMETIC + SHIFTS + DIVISIONS]
LOADS = [0x00, 0x01, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0xB1]
NO_OPERAND = [0x07, 0x80, 0x81, 0x84, 0x87, *WITH_X]
STEPS = st.one_of(
    st.tuples(st.sampled_from(ARITHMETIC + LOADS), WORDS),
    st.tuples(st.sampled_from(SHIFTS), st.integers(0, 31)),
    st.tuples(st.sampled_from(DIVISIONS), st.integers(1, 2**32 - 1)),
    st.tuples(st.sampled_from([0x02, 0x03, 0x60, 0x61]), st.integers(0, 15)),
    st.tuples(st.sampled_from(NO_OPERAND), st.just(0)),
    st.tuples(st.sampled_from([0x15, 0x25, 0x35, 0x45, 0x1D, 0x2D, 0x3D, 0x4D, 0x05]), WORDS),
)
PACKETS = st.binary(max_size=48)


@st.composite
def programs(draw):
    # libpcap leaves scratch memory undefined, so the program begins by storing A, which is 0, everywhere.
    rows = [(0x02, 0, 0, word) for word in range(16)]
    steps = draw(st.lists(STEPS, max_size=24))
    for left, (code, k) in zip(range(len(steps), 0, -1), steps, strict=True):
        jump = st.integers(0, min(left - 1, 3))
        if code == 0x05:
            rows.append((code, 0, 0, draw(jump)))
        elif code & 0x07 == 0x05:
            rows.append((code, draw(jump), draw(jump), k))
        else:
            # Linux' ancillary loads are refused before a program runs.
            rows.append((code, 0, 0, min(k, _ANCILLARY - 1) if code in _ABSOLUTE else k))
    rows.append(draw(st.sampled_from([(0x16, 0, 0, 0), (0x06, 0, 0, 0), (0x06, 0, 0, 1)])))
    return rows


def answers(program, packet, wire):
    rows = np.zeros((1, Rec.COUNT), np.int64)
    rows[0, Rec.OFFSET] = 3
    rows[0, Rec.CAPTURED] = len(packet)
    rows[0, Rec.WIRE] = wire
    table = memoryview(np.array(program, np.int64))
    memory = memoryview(np.zeros(16, np.int64))
    buffer = memoryview(b"..." + packet + b"...")
    return [loop.select(table, memory, buffer, memoryview(rows), 0, 1) for loop in LOOPS]


def oracle(program, packet, wire):
    table = (_Instruction * len(program))(*[tuple(int(cell) for cell in row) for row in program])
    return ORACLE(table, packet, ctypes.c_uint(wire), ctypes.c_uint(len(packet))) != 0


@given(programs(), PACKETS, st.integers(0, 2**32 - 1))
def test_random_programs_answer_as_libpcap(program, packet, wire):
    validated(np.array(program, np.int64))
    assert answers(program, packet, wire) == [oracle(program, packet, wire)] * len(LOOPS)


FILTERS = [
    compiled(text, 1).tolist()
    for text in (
        "tcp[tcpflags] & tcp-rst != 0",
        "host 10.0.0.5 and port 443",
        "vlan and ip6 and tcp port 80",
        "ip6 protochain 6",
        "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420 or len > 1000",
        "ip[2:2] % 7 / 2 * 3 ^ 5 << 2 > 9",
    )
]
HEADS = st.sampled_from(
    [
        bytes(12) + bytes.fromhex("0800450000280000400040060000" + "0a000005" + "0a000006" + "01bb1234"),
        bytes(12) + bytes.fromhex("86dd60000000001400" + "40"),
        bytes(12) + bytes.fromhex("8100000186dd6000000000140640"),
        bytes(12) + bytes.fromhex("86dd600000000020" + "0040"),
    ]
)


@given(st.sampled_from(FILTERS), HEADS, PACKETS, st.integers(0, 2000))
def test_real_filters_answer_as_libpcap(program, head, tail, wire):
    packet = head + tail
    assert answers(program, packet, wire) == [oracle(program, packet, wire)] * len(LOOPS)
