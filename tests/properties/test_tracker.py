"""The compiled tracker and the plain one agree on any rows, and no rows can break them."""
# ruff: noqa: SIM300 - cells have the names of constants, and are none

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.connections.ladder import START, assert_alike, follow
from unit.connections.test_tracker import accounted
from whyrst.fast import tracker as plain
from whyrst.fast.layout import Kind, Seg
from whyrst.fast.tables import Glob, Rst

compiled = pytest.importorskip("whyrst.fast.compiled.tracker", reason="the loops are not compiled")

BUFFER = bytes(range(256))
FLAGS = [0x02, 0x12, 0x10, 0x18, 0x10, 0x11, 0x04, 0x14, 0x00, 0x01, 0x03, 0x06, 0x17, 0x1FF, 0x29]
HOSTS = [(0, 0xFFFF0A000001), (0, 0xFFFF0A000002), (-1, -1), (0x2001 << 48, -(2**63)), (2**63 - 1, 2**63 - 1)]
PORTS = [80, 443, 40000, 65535, 0]
EDGES = [0, 1, 2**31 - 1, 2**31, 2**32 - 1]


@st.composite
def segments(draw):
    """A segment of one of few connections, with numbers near each other, or of any kind at all."""
    row = np.full(Seg.COUNT, -1, dtype=np.int64)
    wild = draw(st.integers(0, 9)) == 0
    (row[Seg.SRC_HI], row[Seg.SRC_LO]), (row[Seg.DST_HI], row[Seg.DST_LO]) = draw(
        st.tuples(st.sampled_from(HOSTS), st.sampled_from(HOSTS)) if wild else st.permutations(HOSTS[:2])
    )
    row[Seg.SPORT], row[Seg.DPORT] = draw(
        st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)) if wild else st.permutations([80, 40000])
    )
    number = st.one_of(st.integers(995, 1010), st.integers(2**32 - 5, 2**32 - 1), st.sampled_from(EDGES))
    row[Seg.SEQ], row[Seg.ACK] = draw(number), draw(number)
    row[Seg.FLAGS] = draw(st.integers(0, 511) if wild else st.sampled_from(FLAGS))
    row[Seg.WINDOW] = draw(st.sampled_from([0, 1, 502, 65535]))
    row[Seg.LENGTH] = draw(st.sampled_from([0, 0, 0, 1, 5, 1448, 65535, 2**20 if wild else 2]))
    row[Seg.TTL] = draw(st.sampled_from([0, 57, 64, 128, 255]))
    row[Seg.IP_ID] = draw(st.sampled_from([-1, 0, 0, 1, 2, 65535]))
    row[Seg.TIME] = (
        draw(st.integers(0, 2**62 - 1)) if wild else draw(st.integers(0, 400)) * 10 ** draw(st.integers(3, 9))
    )
    row[Seg.TIME] += 0 if wild else START
    row[Seg.KIND] = draw(st.integers(0, max(Kind))) if row[Seg.LENGTH] else 0
    row[Seg.KIND_INFO] = draw(st.integers(-1, 600))
    row[Seg.WSCALE] = draw(st.integers(-1, 255))
    row[Seg.TSVAL] = draw(st.sampled_from([-1, 0, 2**32 - 1]))
    row[Seg.QUALITY] = draw(st.sampled_from([0, 0, 1, 2, 4, 8, 16, 63]))
    row[Seg.OPTIONS], row[Seg.TOS] = draw(st.integers(0, 2047)), draw(st.integers(0, 255))
    row[Seg.NAME_AT] = draw(st.integers(0, 200))
    row[Seg.NAME_LENGTH] = draw(st.sampled_from([0, 0, 5]))
    row[Seg.PAYLOAD_AT], row[Seg.PAYLOAD_HAVE] = 3, min(int(row[Seg.LENGTH]), 200)
    return row


@st.composite
def captures(draw):
    rows = np.array(draw(st.lists(segments(), min_size=1, max_size=40)))
    if draw(st.booleans()):
        rows[:, Seg.TIME].sort()
    rows[:, Seg.FRAME] = np.arange(1, len(rows) + 1)
    return rows


SIZES = st.fixed_dictionaries({
    "limit": st.sampled_from([1, 2, 3, 64]),
    "keep": st.sampled_from([0, 1, 32]),
    "pending": st.sampled_from([2, 3, 8]),
    "lines": st.sampled_from([1, 4, 64]),
})  # fmt: skip


@settings(max_examples=300)
@given(captures(), SIZES)
def test_compiled_and_plain_agree(rows, sizes):
    one = follow(rows, loops=compiled, buffer=BUFFER, **sizes)
    other = follow(rows, loops=plain, buffer=BUFFER, **sizes)
    assert_alike(one, other)
    accounted(one)
    assert one.g.SEGMENTS == len(rows)
    assert one.g.RESETS == one.cells.shape[1]
    assert one.cells[Rst.ORDINAL].tolist() == list(range(one.g.RESETS))
    resets = (rows[:, Seg.FLAGS] & 0x04) != 0
    assert one.g.RESETS + one.cells[Rst.COPIES].sum() <= resets.sum()
    assert one.g.RESETS + one.g.COPIES >= resets.sum()


@given(captures(), st.integers(1, 7))
def test_batches_make_no_difference(rows, batch):
    whole = follow(rows, loops=compiled, buffer=BUFFER)
    parts = follow(rows, loops=compiled, buffer=BUFFER, batch=batch)
    parts.tracker.g[Glob.NAMES] = whole.tracker.g[Glob.NAMES]  # names of the latest batch
    assert_alike(whole, parts)


@given(st.integers(0, 2**32 - 1), captures())
def test_numbers_may_start_anywhere(shift, rows):
    """Sequence numbers count modulo 2^32: shifting all of them changes nothing but themselves."""
    moved = rows.copy()
    for cell in (Seg.SEQ, Seg.ACK):
        moved[:, cell] = (moved[:, cell] + shift) & 0xFFFFFFFF
    one = follow(rows, loops=compiled, buffer=BUFFER)
    other = follow(moved, loops=compiled, buffer=BUFFER)
    resets = one.cells[Rst.COPIES].sum(), other.cells[Rst.COPIES].sum()
    assert (one.g.STREAMS, one.g.RESETS, one.g.COPIES, one.g.MISSING) == (
        other.g.STREAMS, other.g.RESETS, other.g.COPIES, other.g.MISSING)  # fmt: skip
    assert resets[0] == resets[1]
