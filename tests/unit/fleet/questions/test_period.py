from __future__ import annotations

import duckdb
import pytest

from whyrst.fleet.questions.period import SECOND, UNITS, bucket, moment, number, span, start
from whyrst.reports.steps import nanoseconds
from whyrst.resets.text import iso

LAST = nanoseconds("2026-05-28T20:32:55.125600000Z")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1m", 60), ("15m", 900), ("hour", 3600), ("6h", 21600), ("day", 86400), ("2d", 172800), ("week", 604800)],
)
def test_spans(text, seconds):
    assert span(text) == seconds * SECOND


@pytest.mark.parametrize("text", ["", "0h", "h", "1", "-1h", "1.5h", "12345h", "1s", "hours", "1h ", "\u0661h", "1h\n"])
def test_what_is_no_span(text):
    with pytest.raises(ValueError, match="is no span"):
        span(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-05-28", "2026-05-28T00:00:00.000000000Z"),
        ("2026-05-28T20:26", "2026-05-28T20:26:00.000000000Z"),
        ("2026-05-28 20:26:40.5", "2026-05-28T20:26:40.500000000Z"),
        ("2026-05-28T20:26Z", "2026-05-28T20:26:00.000000000Z"),
        ("2026-05-28T22:26+02:00", "2026-05-28T20:26:00.000000000Z"),
        ("2d", "2026-05-26T20:32:55.125600000Z"),
        ("15m", "2026-05-28T20:17:55.125600000Z"),
    ],
)
def test_moments(text, said):
    assert iso(moment(text, LAST)) == said


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01", "0001-01-01T00:00+23:00"])
def test_a_time_beyond_the_columns_is_their_end(text):
    assert abs(moment(text, LAST)) == 2**63 - 1


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "0d", "\x1b[31m"])
def test_what_is_no_moment(text):
    with pytest.raises(ValueError, match="is no time such as"):
        moment(text, LAST)


@pytest.mark.parametrize("step", [15 * UNITS["m"], UNITS["h"], 7 * UNITS["h"], UNITS["d"], UNITS["w"]])
def test_sql_and_python_cut_time_alike(step):
    for at in (0, -1, 1, LAST, start(3, step), start(3, step) - 1, start(-3, step), start(-3, step) - 1, -(10**18)):
        expression = bucket("t", step).replace("epoch_ns(t)", str(at))
        ((found,),) = duckdb.execute(f"SELECT {expression}").fetchall()
        assert found == number(at, step)
        assert start(found, step) <= at < start(found + 1, step)


def test_weeks_begin_on_mondays_and_days_at_midnight():
    assert iso(start(number(LAST, UNITS["w"]), UNITS["w"])).startswith("2026-05-25T00:00:00")
    assert iso(start(number(LAST, UNITS["d"]), UNITS["d"])).startswith("2026-05-28T00:00:00")
