from __future__ import annotations

import pytest

from whyrst.reports.amounts import clock, count, duration, listing, size, span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 us"),
        (0.00012, "120 us"),
        (0.04, "40 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (3.2, "3.2 s"),
        (61.02, "61.02 s"),
        (119.999, "120.00 s"),
        (192, "3 min 12 s"),
        (3600, "1 h"),
        (9000, "2 h 30 min"),
        (90000, "1 d 1 h"),
        (-2, "-2 s"),
    ],
)
def test_duration(seconds, words):
    assert duration(seconds) == words


def test_count():
    assert count(1, "reset") == "1 reset"
    assert count(0, "reset") == "0 resets"
    assert count(12345, "copy", "copies") == "12,345 copies"


def test_listing():
    assert listing([]) == ""
    assert listing(["a", "b"], 2) == "a, b"
    assert listing(["a", "b", "c"], 2) == "a, b and 1 more"


def test_span_of_iso_times():
    assert span("2026-11-20T10:00:00.5Z", "2026-11-20T10:03:12.500000001Z") == 192
    assert span(None, "2026-11-20T10:00:00Z") is None
    assert span("yesterday", "2026-11-20T10:00:00Z") is None


def test_clock():
    assert clock("2026-11-20T10:00:01.123456789Z") == "2026-11-20 10:00:01.123Z"
    assert clock("2026-11-20T10:00:01Z") == "2026-11-20 10:00:01Z"


def test_size():
    assert [size(n) for n in (0, 999, 1000, 999_600, 12_345_678, 5 * 10**15)] == [
        "0 B",
        "999 B",
        "1 kB",
        "1 MB",
        "12.3 MB",
        "5,000 TB",
    ]
