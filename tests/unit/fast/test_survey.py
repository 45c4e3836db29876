from __future__ import annotations

from importlib import import_module, util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whyrst.fast.layout import Flag, Seg

MODULES = ["whyrst.fast.survey"]
if util.find_spec("whyrst.fast.compiled.survey") is not None:
    MODULES.append("whyrst.fast.compiled.survey")
CELLS = np.array((Seg.FRAME, Seg.SRC_LO, Seg.DPORT, Seg.FLAGS))
KEY, SIDE, PRINT = len(CELLS), len(CELLS) + 1, len(CELLS) + 2
SLOTS = 1 << 16
EVERY = 1 << 62
WORDS = (
    b"",
    b"GET /a HTTP/1.1\r\n",
    b"GET /a HTTP/1.1\r\nHost: b\r\n",
    b"\r\n",
    b"x",
    b"\x16\x03\x01" * 40,
    b"\x80\r\n",
)
BUFFER = memoryview(b"".join(WORDS))
AT = [sum(map(len, WORDS[:k])) for k in range(len(WORDS))]

END = st.tuples(
    st.sampled_from([0, -0x123456789ABCDEF, 0x20010DB8 << 32]), st.sampled_from([-1, 7]), st.sampled_from([1, 65535])
)
FLAGS = st.sampled_from([Flag.SYN, Flag.SYN | Flag.ACK, Flag.RST, Flag.RST | Flag.SYN, Flag.ACK, Flag.ACK, Flag.FIN])
SEGMENT = st.tuples(END, END, FLAGS, st.integers(0, (1 << 32) - 1), st.sampled_from(range(len(WORDS))))
SEGMENTS = st.lists(SEGMENT, max_size=40)


def rows_of(segments):
    """Rows of segments, and a spare one that must not be looked at."""
    rows = np.full((len(segments) + 1, Seg.COUNT), -1, dtype=np.int64)
    for frame, (source, target, flags, seq, word) in enumerate(segments):
        cells = rows[frame]
        cells[Seg.FRAME] = frame
        cells[[Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT]] = source
        cells[[Seg.DST_HI, Seg.DST_LO, Seg.DPORT]] = target
        cells[Seg.FLAGS], cells[Seg.SEQ], cells[Seg.ACK] = flags, seq, seq // 3
        cells[Seg.PAYLOAD_AT], cells[Seg.PAYLOAD_HAVE] = AT[word], len(WORDS[word])
    return rows


def table(n):
    return np.full((len(CELLS) + 3, n), -9, dtype=np.int64)


def look(module, segments, threshold=EVERY):
    """Marks and samples, as columns."""
    loop, rows, n = import_module(module), rows_of(segments), len(segments)
    marks, samples, passed = table(n + 2), table(n + 2), np.zeros(SLOTS, dtype=np.int64)
    found = 1, 1
    for first in range(0, n, 7):  # batches
        part = rows[first : first + 7].copy()
        size = min(7, n - first)
        found = loop.look(
            part.data, size, BUFFER, CELLS.data, marks.data, found[0], samples.data, found[1], threshold, passed.data
        )
    assert (marks[:, found[0] :] == -9).all()
    assert (samples[:, found[1] :] == -9).all()
    return marks[:, 1 : found[0]], samples[:, 1 : found[1]]


def expected(segments):
    """Frames that are marked, and those of samples, by what the words say."""
    marks, samples, spoken = [], [], set()
    for frame, (source, target, flags, _, word) in enumerate(segments):
        if flags & (Flag.SYN | Flag.RST):
            marks.append(frame)
            if not flags & Flag.RST:
                spoken -= {(source, target), (target, source)}
            continue
        samples.append(frame)
        if WORDS[word] and (source, target) not in spoken:
            spoken.add((source, target))
            marks.append(frame)
    return marks, samples


@pytest.mark.parametrize("module", MODULES)
@given(segments=SEGMENTS.filter(lambda found: all(one[0] != one[1] for one in found)))
def test_openings_resets_and_first_words_are_marked(module, segments):
    marks, samples = look(module, segments)
    assert (marks[0].tolist(), samples[0].tolist()) == expected(segments)
    for events in (marks, samples):
        assert (events[: len(CELLS)] == rows_of(segments)[events[0]][:, CELLS].T).all()
    assert (samples[PRINT] == -1).all()
    opening = (marks[3] & (Flag.SYN | Flag.RST)) != 0
    assert ((marks[PRINT] >= 0) == ~opening).all()


@given(segments=SEGMENTS, threshold=st.integers(0, EVERY))
def test_compiled_and_uncompiled_find_the_same(segments, threshold):
    found = [look(module, segments, threshold) for module in MODULES]
    for marks, samples in found[1:]:
        assert (marks == found[0][0]).all()
        assert (samples == found[0][1]).all()


@pytest.mark.parametrize("module", MODULES)
@given(segments=SEGMENTS)
def test_both_directions_have_one_key_and_two_sides(module, segments):
    names = {}
    for frame, key, side in look(module, segments)[1][[0, KEY, SIDE]].T.tolist():
        source, target = segments[frame][:2]
        assert names.setdefault((source, target), (key, side)) == (key, side)
        if source != target:
            assert names.setdefault((target, source), (key, 1 - side)) == (key, 1 - side)
    assert len({key for key, _ in names.values()}) == len({frozenset(ends) for ends in names})


@pytest.mark.parametrize("module", MODULES)
@given(segments=SEGMENTS)
def test_the_segments_of_wanted_connections_are_picked(module, segments):
    _, samples = look(module, segments)
    slots = np.zeros(1 << 16, dtype=np.uint8)
    slots[(samples[KEY, :1] ^ (samples[KEY, :1] >> 32)) & (len(slots) - 1)] = 1
    rows, events = rows_of(segments), table(len(segments) + 1)
    used = import_module(module).pick(rows.data, len(segments), CELLS.data, slots.data, events.data, 1)
    wanted = {frozenset(segments[frame][:2]) for frame in samples[0, :1]}
    assert events[0, 1:used].tolist() == [k for k, one in enumerate(segments) if frozenset(one[:2]) in wanted]
    assert (events[: len(CELLS), 1:used] == rows[events[0, 1:used]][:, CELLS].T).all()
    assert (events[PRINT, 1:used] == -1).all()


def prints(module, *payloads):
    """Fingerprints of payloads that follow each other in one buffer."""
    rows = rows_of([((0, k, 1), (0, -1, 2), Flag.ACK, 0, 0) for k in range(len(payloads))])
    for k, payload in enumerate(payloads):
        rows[k, Seg.PAYLOAD_AT] = sum(map(len, payloads[:k]))
        rows[k, Seg.PAYLOAD_HAVE] = len(payload)
    marks, passed = table(len(payloads)), np.zeros(SLOTS, dtype=np.int64)
    import_module(module).look(
        rows.data,
        len(payloads),
        memoryview(b"".join(payloads)),
        CELLS.data,
        marks.data,
        0,
        table(0).data,
        0,
        0,
        passed.data,
    )
    return marks[PRINT].tolist()


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        (b"GET /a HTTP/1.1\r\nHost: x\r\n", b"GET /a HTTP/1.1\r\nHost: x\r\nForwarded: y\r\n", True),
        (b"GET /a HTTP/1.1\r\n", b"GET /b HTTP/1.1\r\n", False),
        (b"\x16\x03\x01" + bytes(80), b"\x16\x03\x01" + bytes(90), True),
        (b"abc", b"abc\0", False),
        (b"abc\r", b"\nabc", False),
        (b"abcdefgh", b"abcdefgh" * 2, False),
    ],
    ids=["same-line", "other-line", "same-beginning", "longer", "half-a-line-end", "words"],
)
def test_fingerprints_are_those_of_the_first_line_or_bytes(module, one, two, alike):
    found = prints(module, one, two)
    assert (found[0] == found[1]) is alike
    assert min(found) >= 0


@pytest.mark.parametrize("module", MODULES)
def test_a_fingerprint_does_not_depend_on_what_follows(module):
    line = b"abc\r"
    assert prints(module, line, b"\nd")[0] == prints(module, line, b"d\n")[0]


@pytest.mark.parametrize("module", MODULES)
@given(at=st.integers(-(1 << 62), 1 << 62), have=st.integers(-5, 1 << 62))
def test_a_payload_outside_the_buffer_is_none(module, at, have):
    rows = rows_of([((0, 1, 1), (0, 2, 2), Flag.ACK, 0, 0)])
    rows[0, Seg.PAYLOAD_AT], rows[0, Seg.PAYLOAD_HAVE] = at, have
    marks, passed = table(1), np.zeros(SLOTS, dtype=np.int64)
    found, _ = import_module(module).look(
        rows.data, 1, BUFFER, CELLS.data, marks.data, 0, table(0).data, 0, 0, passed.data
    )
    assert found == (have > 0 and 0 <= at <= len(BUFFER) - have)
