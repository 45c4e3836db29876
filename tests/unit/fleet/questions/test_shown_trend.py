from __future__ import annotations

import pytest

from unit.fleet.questions.answered import HOUR, NOON, at, text, written
from whyrst.fleet.questions.selection import Selection
from whyrst.fleet.questions.shown_trend import bars
from whyrst.fleet.questions.shown_trend import trend as show
from whyrst.fleet.questions.trend import trend
from whyrst.fleet.questions.views import opened


def trend_text(out, since=NOON, step=HOUR):
    with opened(out) as archive:
        return text(show, trend(archive, ("cause",), Selection(), step, since, 10))


def test_trend(tmp_path):
    quiet = [(NOON - 12 * HOUR, NOON - 3 * HOUR - 1), (NOON - HOUR, NOON)]
    verdicts = [at(NOON - n * HOUR, n) for n in range(4, 12)] + [
        at(NOON + n, 20 + n, cause="port-closed") for n in range(40)
    ]
    assert (
        trend_text(written(tmp_path, web=(verdicts, quiet), young=([], [(NOON, NOON)])))
        == f"""\
48 TCP resets from 2026-11-20 00:00Z to 2026-11-20 13:00Z, by hour

  2026-11-20 00:00Z   0
{"".join(f"  2026-11-20 {hour:02}:00Z   1  █" + chr(10) for hour in range(1, 9))}\
  2026-11-20 09:00Z   -  no capture for 2 of them
  2026-11-20 11:00Z   0
  2026-11-20 12:00Z  40  {"█" * 40}

BY CAUSE
  resets  by hour        cause
      40  .........  .█  port-closed
       8  .████████  ..  close-with-unread-data

NEW since 2026-11-20 12:00Z
  compared with the 12 h before
  1 capture point without captures before, not compared: young
  cause port-closed: 40 resets, the first at 2026-11-20 12:00:00.000Z

SPIKES
  2026-11-20 12:00Z  cause port-closed: 40 resets in a bucket
    the median of the 10 before is 0, the MAD 0: spikes begin at 5.0
  2026-11-20 12:00Z  all resets: 40 resets in a bucket
    the median of the 10 before is 1, the MAD 0: spikes begin at 6.0
  2026-11-20 12:00Z  service 10.0.0.5:8080: 40 resets in a bucket
    the median of the 10 before is 1, the MAD 0: spikes begin at 6.0
  2026-11-20 12:00Z  client 10.0.0.9: 40 resets in a bucket
    the median of the 10 before is 1, the MAD 0: spikes begin at 6.0
"""
    )


def test_a_short_history_is_said(tmp_path):
    said = trend_text(written(tmp_path, web=([at(NOON)], [])))
    assert "NEW since 2026-11-20 12:00Z\n  the history is too short: the archive holds nothing before that\n" in said
    assert "SPIKES\n  the history is too short: 1 bucket with captures, where one needs 8 before it\n" in said


def test_a_trend_of_nothing(tmp_path):
    assert trend_text(written(tmp_path, web=([], []))) == "No TCP resets: no capture ran then\n"


def test_early_lines_are_left_out_and_counted(tmp_path):
    said = trend_text(written(tmp_path, web=([at(NOON)], [(NOON - 100 * HOUR, NOON)]))).splitlines()
    assert said[2] == "  ... 53 earlier lines; --format csv or json has all"
    assert said[3].startswith("  2026-11-18 13:00Z")


@pytest.mark.parametrize(
    ("counts", "row"),
    [
        ([], ""),
        ([0, 0], ".."),
        ([1], "█"),
        ([1000, 1, None, 0, 500], "█▁ .▄"),
        ([*range(1, 9)], "▁▂▃▄▅▆▇█"),
        ([0] * 78 + [8, 1], "." * 39 + "█"),
        ([1] * 80 + [None], "█" * 27),
        ([None] * 50, " " * 25),
    ],
)
def test_bars(counts, row):
    assert bars(counts) == row
