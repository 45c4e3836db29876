from __future__ import annotations

from unit.fleet.questions.answered import DAY, HOUR, NOON, at, text, written
from whyrst.fleet.questions import shown, shown_trend
from whyrst.fleet.questions.query import Answer, query
from whyrst.fleet.questions.selection import Selection
from whyrst.fleet.questions.top import top
from whyrst.fleet.questions.trend import trend
from whyrst.fleet.questions.views import opened


def top_text(out, by, limit=20):
    with opened(out) as archive:
        return text(shown.top, top(archive, by, Selection(), limit))


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
    with opened(out) as archive:
        by = ("point", "declared")
        said = text(shown.top, top(archive, by, Selection(), 9))
        said += text(shown_trend.trend, trend(archive, by, Selection(), HOUR, NOON - HOUR, 9))
        said += text(shown.query, query(archive, 'SELECT declared AS "\x1b[2J", point FROM verdicts', 9))
    assert said.count("\\x1b[2J\\n\\u202e") >= 3  # top, new, SQL
    assert not [one for one in said if one != "\n" and not one.isprintable()]


def test_values_of_sql_are_cut():
    answer = Answer(("n", "text"), (("1", "x" * 61), (None, "x" * 60)), more=False)
    assert text(shown.query, answer).splitlines() == ["  n  text", f"  1  {'x' * 57}...", f"  -  {'x' * 60}"]
