from __future__ import annotations

from collections import Counter

import pytest

from unit.fleet.questions.answered import DAY, HOUR, NOON, at, real_archive, written
from whyrst.fleet.questions.buckets import fitting
from whyrst.fleet.questions.period import UNITS, number, start
from whyrst.fleet.questions.selection import Selection
from whyrst.fleet.questions.trend import latest, trend
from whyrst.fleet.questions.views import QuestionError, opened
from whyrst.reports.steps import nanoseconds


def asked(out, by=("cause",), selection=None, step=HOUR, since=NOON, limit=10):
    with opened(out) as archive:
        return trend(archive, by, selection or Selection(), step, since, limit)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return real_archive(tmp_path_factory.mktemp("archive"))


@pytest.mark.parametrize("step", [UNITS["m"], UNITS["h"], UNITS["d"]])
def test_numbers_are_those_counted_from_json(real, step):
    out, verdicts = real
    since = nanoseconds("2026-05-28T20:00:00Z")
    verdicts = [one for one in verdicts if one["time"] < "2026-05-29"]
    answer = asked(out, ("point", "cause"), Selection(until=since + DAY), step, since, 1000)
    expected = Counter(
        (one["point"], one["cause"], number(nanoseconds(one["time"]), step)) for one in verdicts
    )  # fmt: skip
    assert {(*one.key, at): n for one in answer.lines for at, n in one.resets.items()} == expected
    whole = Counter(number(nanoseconds(one["time"]), step) for one in verdicts)
    assert answer.whole.resets == whole
    assert answer.whole.total == len(verdicts)
    harmful = Counter(
        number(nanoseconds(one["time"]), step) for one in verdicts if one["harm"]["level"] not in {"none", "unknown"}
    )
    assert {at: n for at, n in answer.whole.harmful.items() if n} == harmful


def test_the_keys_with_most_resets_are_shown(tmp_path):
    verdicts = [at(NOON + n, n, server=f"10.0.0.{n % 4}:80") for n in range(11)] + [
        at(NOON + HOUR, 20, server="[::1]:9")
    ]
    answer = asked(written(tmp_path, web=(verdicts, [])), ("service",), limit=2)
    assert [(one.key, one.total) for one in answer.lines] == [(("10.0.0.0:80",), 3), (("10.0.0.1:80",), 3)]
    assert answer.whole.total == 12


def test_values_that_are_missing_are_one_key(tmp_path):
    verdicts = [at(NOON), at(NOON + 1, 1), at(NOON + 2, 2, declared="closed")]
    answer = asked(written(tmp_path, web=(verdicts, [])), ("declared",))
    assert {one.key: one.total for one in answer.lines} == {(None,): 2, ("closed",): 1}


def test_quiet_times_are_told_from_times_without_a_capture(tmp_path):
    out = written(
        tmp_path,
        a=([at(NOON)], [(NOON - 2 * HOUR, NOON - 1), (NOON, NOON + 1)]),
        b=([], [(NOON + 3 * HOUR, NOON + 4 * HOUR)]),
    )
    cut = asked(out).buckets
    hours = [(start(one, HOUR) - NOON) // HOUR for one in cut.numbers]
    assert hours == [-2, -1, 0, 1, 2, 3, 4]
    assert [(start(one, HOUR) - NOON) // HOUR for one in cut.watched_at("ab")] == [-2, -1, 0, 3, 4]
    assert [(start(one, HOUR) - NOON) // HOUR for one in cut.watched_at("b")] == [3, 4]


def test_the_selection_cuts_the_buckets(tmp_path):
    out = written(tmp_path, a=([at(NOON)], [(NOON - DAY, NOON + DAY)]), b=([], [(NOON - 9 * DAY, NOON)]))
    cut = asked(out, selection=Selection(since=NOON - HOUR, until=NOON + HOUR, points=("a",))).buckets
    assert [start(one, HOUR) - NOON for one in cut.numbers] == [-HOUR, 0]
    assert asked(out, selection=Selection(points=("c",))).whole is None


def test_too_many_buckets_are_refused(tmp_path):
    out = written(tmp_path, web=([at(5), at(NOON)], []))
    with pytest.raises(
        QuestionError, match=r"498,\d\d\d buckets are too many to show \(2,000\): say --every or --since"
    ):
        asked(out)
    assert asked(out, selection=Selection(since=NOON - DAY)).whole.total == 1


def test_what_was_not_there_before_is_new(tmp_path):
    before = [at(NOON - DAY, 1), at(NOON - 1, 2, client="10.0.0.1:5", server="10.0.0.6:1")]
    after = [
        at(NOON, 3, cause="port-closed"),
        at(NOON + 5, 4, cause="port-closed", client="10.0.0.1:9"),
        at(NOON + HOUR, 5, server="[2001:db8::1]:443", client="[::2]:5"),
    ]
    answer = asked(written(tmp_path, web=(before + after, []))).fresh
    found = [(one.by, one.key, one.resets, one.first - NOON) for one in answer.found]
    assert found == [
        (("cause",), ("port-closed",), 2, 0),
        (("service",), ("[2001:db8::1]:443",), 1, HOUR),
        (("client",), ("::2",), 1, HOUR),
    ]
    assert answer.history == DAY
    assert answer.points == ()


def test_what_is_counted_by_may_be_new_too(tmp_path):
    verdicts = [at(NOON - 1), at(NOON - 1, 1, harm="none", cause="port-closed"), at(NOON, 2, cause="port-closed")]
    answer = asked(written(tmp_path, web=(verdicts, [])), ("cause", "harm")).fresh
    assert [(one.by, one.key) for one in answer.found] == [(("cause", "harm"), ("port-closed", "data-lost"))]


def test_new_keys_that_are_not_shown_are_counted(tmp_path):
    verdicts = [at(NOON - 1)] + [at(NOON + n, n, client=f"10.1.0.{n}:5") for n in range(7)]
    answer = asked(written(tmp_path, web=(verdicts, [])), limit=3).fresh
    assert len(answer.found) == 3
    assert answer.more == {("cause",): 0, ("service",): 0, ("client",): 4}


def test_a_new_capture_point_makes_nothing_else_new(tmp_path):
    out = written(
        tmp_path,
        old=([at(NOON - 1)], []),
        quiet=([at(NOON, 1, cause="port-closed")], [(NOON - HOUR, NOON)]),
        young=([at(NOON, 2, cause="port-scan")], [(NOON, NOON + 1)]),
    )
    answer = asked(out).fresh
    assert answer.points == ("young",)
    assert [one.key for one in answer.found] == [("port-closed",)]


def test_without_a_history_nothing_is_called_new(tmp_path):
    answer = asked(written(tmp_path, web=([at(NOON)], []))).fresh
    assert (answer.history, answer.found, answer.points) == (None, (), ("web",))


def test_spikes_of_all_kinds_the_highest_first(tmp_path):
    verdicts = [at(NOON + n * HOUR, n, client=f"10.0.0.{n}:5") for n in range(10)]
    verdicts += [at(NOON + 9 * HOUR + n, 100 + n, cause="port-closed", client="10.9.9.9:1") for n in range(40)]
    verdicts += [at(NOON + 9 * HOUR + n, 200 + n, server="10.0.0.6:2", client=f"10.2.0.{n}:1") for n in range(20)]
    answer = asked(written(tmp_path, web=(verdicts, [(NOON, NOON + 9 * HOUR)])))
    found = [(one.by, one.key, one.peak) for one in answer.spikes]
    assert found[0] == ((), (), 61)
    assert set(found) == {
        ((), (), 61),
        (("cause",), ("port-closed",), 40),
        (("cause",), ("close-with-unread-data",), 21),
        (("service",), ("10.0.0.5:8080",), 41),
        (("service",), ("10.0.0.6:2",), 20),
        (("client",), ("10.9.9.9",), 40),
    }
    assert {one.first for one in answer.spikes} == {number(NOON + 9 * HOUR, HOUR)}
    few = asked(written(tmp_path / "again", web=(verdicts, [(NOON, NOON + 9 * HOUR)])), limit=2)
    assert (len(few.spikes), few.more_spikes) == (2, 4)


def test_the_latest_time_is_that_of_a_reset_or_of_a_capture(tmp_path):
    for name, verdicts, captured, last in (
        ("a", [at(NOON)], [], NOON),
        ("b", [at(NOON)], [(NOON, NOON + 7)], NOON + 7),
        ("c", [], [(NOON, NOON + 9)], NOON + 9),
        ("d", [at(NOON)], [(NOON - 5, NOON - 1)], NOON),
        ("e", [], [], 0),
    ):
        with opened(written(tmp_path / name, web=(verdicts, captured))) as archive:
            assert latest(archive) == last


@pytest.mark.parametrize(
    ("hours", "step"),
    [(1, HOUR), (1990, HOUR), (2010, DAY), (24 * 1990, DAY), (24 * 2010, 7 * DAY), (24 * 7 * 3000, 7 * DAY)],
)
def test_buckets_are_as_short_as_fits(tmp_path, hours, step):
    end = NOON + hours * HOUR
    with opened(written(tmp_path, web=([at(NOON), at(end - 1, 1)], [(NOON, end - 1)]))) as archive:
        assert fitting(archive, Selection()) == step
        if hours < 24 * 7 * 2000:
            assert trend(archive, ("cause",), Selection(), step, NOON, 10).whole.total == 2
        assert fitting(archive, Selection(since=end - HOUR)) == HOUR


def test_a_bucket_of_nothing_fits(tmp_path):
    with opened(written(tmp_path, web=([], []))) as archive:
        assert fitting(archive, Selection()) == HOUR
