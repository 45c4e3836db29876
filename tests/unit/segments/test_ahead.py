from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from whyrst.fast.layout import Flag, Seg
from whyrst.segments.ahead import ahead
from whyrst.segments.read import read

CASES = sorted((Path(__file__).parents[2] / "cases").glob("*/capture.pcap"))
PLACES = [Seg.PAYLOAD_AT, Seg.NAME_AT]
KEEP = 256


def seen(batches):
    """Rows without places in the buffer, names, and what resets carry."""
    found = []
    for batch in batches:
        rows = batch.rows.copy()
        for row in rows.tolist():
            name = bytes(batch.buffer[row[Seg.NAME_AT] : row[Seg.NAME_AT] + row[Seg.NAME_LENGTH]])
            told = b""
            if row[Seg.FLAGS] & Flag.RST:
                size = min(row[Seg.PAYLOAD_HAVE], KEEP)
                told = bytes(batch.buffer[row[Seg.PAYLOAD_AT] : row[Seg.PAYLOAD_AT] + size])
            found.append((name, told))
        rows[:, PLACES] = 0
        found.append(rows.tobytes())
    return found


@pytest.mark.parametrize("case", CASES[::5], ids=lambda case: case.parent.name)
def test_batches_are_those_that_are_read_without_a_thread(case):
    (alone,) = read([case])
    (series,) = read([case])
    with ahead(series, KEEP) as batches:
        assert seen(batches) == seen(alone)
    assert (series.tally.read, series.tally.skipped) == (alone.tally.read, alone.tally.skipped)


def test_waiting_batches_keep_their_rows(monkeypatch):
    monkeypatch.setattr("whyrst.segments.ahead.READ", 2)
    monkeypatch.setattr("whyrst.segments.ahead.BATCH", 5)
    case = max(CASES, key=lambda one: one.stat().st_size)
    (series,) = read([case])
    with ahead(series, KEEP) as batches:
        held = []
        for batch in batches:
            held.append((batch.rows, batch.rows.copy()))
            rows, before = held[0]
            assert np.array_equal(rows, before)
            held = held[-1:]
            assert len(batch.rows) <= 6


def test_batches_are_whole_reads_of_one_file(monkeypatch):
    monkeypatch.setattr("whyrst.segments.ahead.READ", 4)
    monkeypatch.setattr("whyrst.segments.ahead.BATCH", 10)
    case = max(CASES, key=lambda one: one.stat().st_size)
    paths = [case] * 3 + [CASES[0]] * 9
    (alone,) = read(paths, join=True)
    (series,) = read(paths, join=True)
    with ahead(series, KEEP) as batches:
        found = [(batch.capture.number, len(batch.rows)) for batch in batches]
    apart, together = Counter(), Counter()
    for batch in alone:
        apart[batch.capture.number] += len(batch.rows)
    for number, rows in found:
        together[number] += rows
    assert together == apart
    assert len(apart) == 12
    assert max(rows for _, rows in found) >= 10
