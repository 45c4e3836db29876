"""Resets wait until all captures were read; when there are too many, their capture is read a third time."""

from __future__ import annotations

from pathlib import Path

import pytest

from whyrst.analysis import analyze
from whyrst.compare import compare, reading
from whyrst.compare.clocks import Clock
from whyrst.connections import tracker
from whyrst.segments.read import read

CASE = Path(__file__).parents[2] / "cases" / "compare" / "snat-port"
PATHS = [CASE / "client.pcap", CASE / "server.pcap"]
WAITING = 2
HOUR = 3_600_000_000_000


def followed(clock):
    (series,) = read([PATHS[0]])
    again = reading.Reading(series, clock)
    frames = sum(len(batch.rows) for batch in again)
    assert frames == series.tally.decoded > 0
    return again.followed


def test_the_tracker_is_told_the_common_time():
    own, moved = followed(Clock()), followed(Clock(offset=HOUR))
    assert sum(cells.shape[1] for cells in own.resets) == len(list(analyze(PATHS[0]).verdicts)) > 0
    (one,), (two,) = own.resets, moved.resets
    assert (two[1] - one[1] == HOUR).all()  # Seg.TIME


def test_what_is_looked_through_has_the_times_of_its_own_clock():
    (series,) = read([PATHS[0]])
    own = [int(batch.rows[0, 1]) for batch in reading.Reading(series, Clock(offset=HOUR))]
    (series,) = read([PATHS[0]])
    assert own == [int(batch.rows[0, 1]) for batch in series]


def test_more_resets_than_may_wait_are_told_as_well(monkeypatch):
    whole = list(compare(PATHS).verdicts)
    usual = tracker.Tracker
    monkeypatch.setattr(reading, "Tracker", lambda: usual(pending=WAITING))
    comparison = compare(PATHS)
    assert list(comparison.verdicts) == whole
    assert comparison.quality.resets == 2 * len(whole)
    assert len(whole) > WAITING


def test_a_comparison_is_iterated_once():
    comparison = compare(PATHS)
    assert list(comparison.verdicts)
    with pytest.raises(RuntimeError, match="once only"):
        list(comparison.verdicts)
