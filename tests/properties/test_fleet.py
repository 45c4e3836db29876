"""What holds of an archive, however its packets are spread over files: the verdicts are those of one capture."""

from __future__ import annotations

import struct
import tempfile
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from properties.captures import CASES, FRAMES, NANO, mutated, records, whole
from unit.fleet.archives import PACK, analyzed, pcap, table
from whyrst.reports.parquet import row

pytest.importorskip("pyarrow")


def times(packets):
    return [struct.unpack_from("<II", packet) for packet in packets]


def ordered(path):
    """Whether no two packets have one time, and time does not step back: then any merging has one right order."""
    when = times(records(path.read_bytes()))
    return all(a < b for a, b in pairwise(when))


SPREAD = [path for path in CASES if path.stat().st_size < 20_000 and ordered(path)]
assert len(SPREAD) > 40


def bare(values):
    """A row of the table without what depends on the place of its packets in files."""
    values = {**values, "capture": "", "frame": 0, "reset": {**values["reset"], "answers_frame": None}}
    values["evidence"] = [{**one, "frames": []} for one in values["evidence"]]
    return FRAMES.sub(b"frame", msgspec.json.encode(values, enc_hook=str))


def expected(path):
    """Rows of the whole capture, as `bare` leaves them."""
    import pyarrow as pa

    from whyrst.reports.parquet import schema

    verdicts, _, quality = whole(path)
    rows = pa.Table.from_pylist([row(one) for one in verdicts], schema()).to_pylist()
    return [bare(one) for one in rows], quality


def check(case, parts, kinds):
    data = case.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in")
        source.mkdir()
        for k, packets in enumerate(parts):
            kind = kinds[k % len(kinds)]
            (source / f"{k}.pcap{kind}").write_bytes(PACK[kind](pcap(data, packets)))
        summary = analyzed(source, Path(folder, "out"))
        rows, quality = expected(case)
        assert [bare(one) for one in table(Path(folder, "out"), "verdicts", "in")] == rows
        assert summary.resets == quality.resets
        assert summary.connections == quality.connections


KINDS = st.lists(st.sampled_from(sorted(PACK)), min_size=1, max_size=3)


@settings(max_examples=40, deadline=30_000)
@given(case=st.sampled_from(SPREAD), cuts=st.lists(st.floats(0, 1), max_size=5), over=st.integers(0, 6), kinds=KINDS)
def test_rotated_files_that_overlap(case, cuts, over, kinds):
    packets = records(case.read_bytes())
    ends = sorted({round(cut * len(packets)) for cut in cuts} | {0, len(packets)})
    check(case, [packets[max(0, begin - over) : end] for begin, end in pairwise(ends)], kinds)


@settings(max_examples=40, deadline=30_000)
@given(case=st.sampled_from(SPREAD), several=st.integers(2, 3), kinds=KINDS, data=st.data())
def test_several_captures_of_one_wire(case, several, kinds, data):
    packets = records(case.read_bytes())
    mine = [data.draw(st.sets(st.integers(0, several - 1), min_size=1)) for _ in packets]
    check(case, [[p for p, who in zip(packets, mine, strict=True) if k in who] for k in range(several)], kinds)


@settings(max_examples=15, deadline=30_000)
@given(case=st.sampled_from([path for path in SPREAD if path.read_bytes()[:4] != NANO]), several=st.integers(2, 4))
def test_the_same_files_twice(case, several):
    check(case, [records(case.read_bytes())] * several, [""])


@settings(max_examples=40, deadline=30_000)
@given(several=st.lists(mutated(), min_size=1, max_size=3))
def test_damaged_captures_give_tables_and_reports(several):
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        for k, data in enumerate(several):
            (source / f"{k}.pcap").write_bytes(data)
        summary = analyzed(source, out)
        assert len(table(out, "verdicts", "in")) == summary.resets
        rows = table(out, "quality", "in")
        assert len(rows) == len(several)
        assert sum(one["packets"] for one in rows) == summary.packets
        assert len(summary.damage) + len(summary.unreadable) == sum(len(one["damage"]) for one in rows)
