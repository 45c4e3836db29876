from __future__ import annotations

from io import BytesIO

import pytest

from unit.fleet.questions.answered import DAY, HOUR, NOON, at, written
from whyrst.fleet.questions import shown
from whyrst.fleet.questions.query import Answer
from whyrst.fleet.questions.selection import Selection
from whyrst.fleet.questions.shown import bars
from whyrst.fleet.questions.top import top
from whyrst.fleet.questions.trend import trend
from whyrst.fleet.questions.views import opened


def text(write, answer):
    out = BytesIO()
    write(shown.page(out, color=False), answer)
    return out.getvalue().decode()


def top_text(out, by, limit=20):
    with opened(out) as archive:
        return text(shown.top, top(archive, by, Selection(), limit))


def trend_text(out, since=NOON, step=HOUR):
    with opened(out) as archive:
        return text(shown.trend, trend(archive, ("cause",), Selection(), step, since, 10))


def test_top(tmp_path):
    verdicts = [at(NOON + n, n, harm="none" if n else "aborted") for n in range(1000)]
    verdicts += [at(NOON + DAY, 5000, cause="port-closed"), at(NOON, 5001, cause="port-scan")]
    assert (
        top_text(written(tmp_path, web=(verdicts, [])), ("cause",), 2)
        == """\
1,002 TCP resets from 2026-11-20 12:00Z to 2026-11-21 12:00Z

  resets  share  connections  harmful  last               cause
   1,000  99.8%        1,000        1  2026-11-20 12:00Z  close-with-unread-data
       1   0.1%            1        1  2026-11-21 12:00Z  port-closed
and 1 more key with 1 reset
"""
    )


def test_top_of_nothing(tmp_path):
    assert top_text(written(tmp_path, web=([], [])), ("cause",)) == "No TCP resets\n"


def test_a_key_is_never_cut(tmp_path):
    name = "a" * 200
    lines = top_text(written(tmp_path, **{name: ([at(NOON)], [])}), ("declared", "point")).splitlines()
    assert lines[-1].endswith(f"  -         {name}")


def test_names_of_others_are_escaped(tmp_path):
    out = written(tmp_path, **{"\x1b[2J\n\u202e": ([at(NOON, declared="\x1b]0;x\x07\x9b1m")], [(NOON, NOON)])})
    shown_text = top_text(out, ("point", "declared")) + trend_text(out)
    with opened(out) as archive:
        from whyrst.fleet.questions.query import query

        shown_text += text(
            shown.query, query(archive, 'SELECT declared, declared AS "\x1b[2J", point FROM verdicts', 9)
        )
    assert "\\x1b[2J\\n\\u202e" in shown_text
    assert not [one for one in shown_text if one != "\n" and not one.isprintable()]


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
    assert trend_text(written(tmp_path, web=([], []))).startswith("No TCP resets\n")


def test_early_lines_are_left_out_and_counted(tmp_path):
    said = trend_text(written(tmp_path, web=([at(NOON)], [(NOON - 100 * HOUR, NOON)]))).splitlines()
    assert said[2] == "  ... 53 earlier lines; --format csv or json has all"
    assert said[3].startswith("  2026-11-18 13:00Z")


def test_values_of_sql_are_cut():
    answer = Answer(("n", "text"), (("1", "x" * 61), (None, "x" * 60)), more=False)
    assert text(shown.query, answer).splitlines() == ["  n  text", f"  1  {'x' * 57}...", f"  -  {'x' * 60}"]


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
