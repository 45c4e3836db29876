from __future__ import annotations

import gzip
import lzma
import tracemalloc
from importlib import import_module, util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.capture import files
from unit.capture.files import BIG, LITTLE
from whyrst.capture import pcapng
from whyrst.capture.errors import CaptureError
from whyrst.capture.reader import Reader
from whyrst.fast.layout import Rec
from whyrst.segments.read import read

LOOPS = [
    import_module(name)
    for name in ("whyrst.fast.records", "whyrst.fast.compiled.records")
    if util.find_spec(name) is not None
]

ORDERS = st.sampled_from([LITTLE, BIG])
DATA = st.binary(max_size=70)
TIMES = st.integers(0, 2**64 - 1)
U32 = st.integers(0, 2**32 - 1)
PACKETS = st.lists(st.tuples(st.integers(1, 2**32 - 1), st.integers(0, 10**9 - 1), DATA), max_size=12)


@st.composite
def pcaps(draw):
    magic = draw(st.sampled_from([0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34]))
    return files.pcap(draw(PACKETS), order=draw(ORDERS), magic=magic, version=(2, draw(st.integers(3, 4))))


@st.composite
def sections(draw):
    order = draw(ORDERS)
    parts = [files.section(order=order)]
    count = draw(st.integers(1, 3))
    for _ in range(count):
        resolution = files.option(9, bytes([draw(st.integers(0, 255))]), order=order)
        offset = files.option(14, draw(st.binary(min_size=8, max_size=8)), order=order)
        options = draw(st.sampled_from([b"", resolution, offset, resolution + offset]))
        parts.append(files.interface(order=order, snaplen=draw(st.sampled_from([0, 9, 65535])), options=options))
    number = st.integers(0, count - 1)
    kinds = st.one_of(
        st.builds(lambda d, n, t: files.enhanced(d, order=order, number=n, ticks=t), DATA, number, TIMES),
        st.builds(lambda d, n, t: files.obsolete(d, order=order, number=n, ticks=t), DATA, number, TIMES),
        st.builds(lambda d: files.simple(d, order=order), DATA),
        st.builds(lambda d: files.block(0x7777, d, order=order), st.binary(max_size=400)),
        st.builds(lambda n: files.statistics(n, order=order), number),
    )
    return b"".join(parts + draw(st.lists(kinds, max_size=10)))


PCAPNGS = st.lists(sections(), min_size=1, max_size=3).map(b"".join)
CAPTURES = st.one_of(pcaps(), PCAPNGS)


@st.composite
def mutated(draw, whole):
    """Overwrite, cut out, repeat and insert some bytes."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["number", "bytes", "cut", "end", "repeat", "insert"])):
            case "number":
                number = draw(st.one_of(st.sampled_from([0, 1, 4, 2**31, 2**32 - 1, 2**32 - 4]), U32))
                data[at : at + 4] = number.to_bytes(4, draw(st.sampled_from(["little", "big"])))
            case "bytes":
                new = draw(st.binary(max_size=8))
                data[at : at + len(new)] = new
            case "cut":
                del data[at : at + draw(st.integers(0, 64))]
            case "end":
                del data[at:]
            case "repeat":
                data[at:at] = data[at : at + draw(st.integers(0, 200))]
            case _:
                data[at:at] = draw(st.binary(max_size=40))
    return bytes(data)


def contents(path, **sizes):
    """Give all packets' cells and bytes, and the damage."""
    found = []
    with Reader(str(path), **sizes) as reader:
        for n in reader.records():
            for row in reader.table[:n].tolist():
                at = row[Rec.OFFSET]
                data = bytes(reader.buffer[at : at + row[Rec.CAPTURED]])
                assert len(data) == row[Rec.CAPTURED] <= row[Rec.WIRE]
                assert 0 <= row[Rec.TIME] < 2**62
                found.append((data, *row[Rec.CAPTURED :]))
        assert reader.packets == len(found) == sum(one.packets for one in reader.interfaces)
        return found, [(one.offset, one.reason) for one in reader.damage], reader.total


def attempted(path, **sizes):
    """Give the same, or the line that says why nothing can be read."""
    try:
        return contents(path, **sizes)
    except CaptureError as error:
        return str(error)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("records") / "capture"


@given(whole=CAPTURES, piece=st.integers(64, 300), rows=st.integers(1, 5))
def test_pieces_do_not_change_what_is_read(path, whole, piece, rows):
    path.write_bytes(whole)
    found, damage, _ = contents(path)
    assert not damage
    assert contents(path, piece=piece, rows=rows)[:2] == (found, [])


@given(data=mutated(CAPTURES), piece=st.integers(64, 300))
def test_mutations_raise_nothing_but_capture_errors(path, data, piece):
    path.write_bytes(data)
    result = attempted(path, piece=piece, rows=3)
    if isinstance(result, str):
        assert result.isprintable()
        return
    found, damage, total = result
    assert contents(path)[:2] == (found, damage)
    assert all(0 <= offset <= total for offset, _ in damage)
    (series,) = read([path])
    for _ in series:
        pass
    assert series.tally.adds_up
    assert series.tally.read == len(found)


@given(whole=CAPTURES, cut=st.integers(0, 10**6))
def test_what_stands_before_a_cut_is_read(path, whole, cut):
    path.write_bytes(whole)
    found = contents(path)[0]
    path.write_bytes(whole[: cut % len(whole)])
    result = attempted(path)
    if isinstance(result, str):
        assert "byte 0: " in result
        return
    before, damage, _ = result
    assert before == found[: len(before)]
    assert len(damage) <= 1


@given(data=mutated(CAPTURES.map(gzip.compress) | CAPTURES.map(lzma.compress)))
def test_mutations_of_compressed_captures_raise_nothing_but_capture_errors(path, data):
    path.write_bytes(data)
    result = attempted(path)
    if isinstance(result, str):
        assert result.isprintable()


@given(data=mutated(CAPTURES))
def test_memory_is_bounded_by_what_the_file_holds(path, data):
    path.write_bytes(data)
    tracemalloc.start()
    try:
        attempted(path, piece=256, rows=4)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1_000_000


def scanned(loops, data, form, big):
    """Give all that a loop writes: rows, state, interfaces."""
    table = np.zeros((6, Rec.COUNT), np.int64)
    state = np.zeros(loops.State.COUNT, np.int64)
    units = np.zeros((2, loops.Unit.COUNT), np.int64)
    cell = loops.State
    state[cell.BIG], state[cell.BOUND], state[cell.TICK], state[cell.LINK] = big, 4096, 1000, 1
    state[cell.HEADER], state[cell.SWAP] = form.get("header", 16), form.get("swap", 0)
    if "resolution" in form:
        for number in range(2):
            resolution = files.option(9, bytes([form["resolution"]]))
            offset = files.option(14, form["offset"].to_bytes(8, "little", signed=True))
            for one, value in pcapng.interface(files.interface(options=resolution + offset), big=False)[1].items():
                units[number, one] = value
        n = loops.pcapng(memoryview(data), len(data), table.data, state.data, units.data, 2)
    else:
        n = loops.pcap(memoryview(data), len(data), table.data, state.data)
    return n, table.tolist(), state.tolist(), units.tolist()


@pytest.mark.skipif(len(LOOPS) == 1, reason="the compiled loops are not built")
@given(
    data=mutated(pcaps()).map(lambda data: data[24:]),
    form=st.fixed_dictionaries({"header": st.sampled_from([16, 24]), "swap": st.integers(0, 1)}),
    big=st.integers(0, 1),
)
def test_compiled_and_plain_scans_of_pcap_agree(data, form, big):
    assert scanned(LOOPS[0], data, form, big) == scanned(LOOPS[1], data, form, big)


@pytest.mark.skipif(len(LOOPS) == 1, reason="the compiled loops are not built")
@given(
    parts=st.lists(
        st.one_of(
            st.builds(lambda d, n, t: files.enhanced(d, number=n, ticks=t), DATA, st.integers(0, 2), TIMES),
            st.builds(lambda d, n, t: files.obsolete(d, number=n, ticks=t), DATA, st.integers(0, 2), TIMES),
            mutated(st.builds(files.enhanced, DATA, ticks=TIMES)),
            mutated(st.builds(files.simple, DATA)),
        ),
        max_size=6,
    ),
    form=st.fixed_dictionaries(
        {
            "resolution": st.integers(0, 255),
            "offset": st.one_of(st.just(0), st.integers(-(2**63), 2**63 - 1)),
        }
    ),
    big=st.sampled_from([0, 0, 0, 1]),
)
def test_compiled_and_plain_scans_of_pcapng_agree(parts, form, big):
    data = b"".join(parts)
    assert scanned(LOOPS[0], data, form, big) == scanned(LOOPS[1], data, form, big)
