from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from unit.fleet.questions.answered import HOUR, NOON, at, real_archive, written
from whyrst.fleet.questions.keys import KEYS
from whyrst.fleet.questions.selection import Selection
from whyrst.fleet.questions.top import top
from whyrst.fleet.questions.views import opened
from whyrst.reports.steps import nanoseconds


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    out, verdicts = real_archive(tmp_path_factory.mktemp("archive"))
    with opened(out) as archive:
        yield archive, verdicts


def address(end):
    return end.rpartition(":")[0].strip("[]")


PLAIN = {
    "cause": lambda one: one["cause"],
    "service": lambda one: one["connection"]["server"],
    "server": lambda one: address(one["connection"]["server"]),
    "port": lambda one: one["connection"]["server"].rpartition(":")[2],
    "name": lambda one: one["connection"]["name"],
    "client": lambda one: address(one["connection"]["client"]),
    "peer": lambda one: f"{address(one['connection']['client'])} -> {one['connection']['server']}",
    "point": lambda one: one["point"],
    "capture": lambda one: one["capture"],
    "harm": lambda one: one["harm"]["level"],
    "confidence": lambda one: one["confidence"],
    "sender": lambda one: one["reset"]["sender"],
    "mechanism": lambda one: one["reset"]["mechanism"],
    "stage": lambda one: one["connection"]["stage"],
    "vantage": lambda one: one["vantage"],
    "tunnel": lambda one: one["connection"]["tunnel"],
    "declared": lambda one: one["declared"],
}


def counted(verdicts, by):
    """Resets, connections, harmful ones and times by key, counted without a database."""
    resets, harmful, connections, times = Counter(), Counter(), defaultdict(set), defaultdict(list)
    for one in verdicts:
        key = tuple(PLAIN[name](one) for name in by)
        resets[key] += 1
        harmful[key] += one["harm"]["level"] in {"refused", "aborted", "data-lost"}
        connections[key].add((one["point"], one["capture"], one["connection"]["id"]))
        times[key].append(nanoseconds(one["time"]))
    return {
        key: (number, len(connections[key]), harmful[key], min(times[key]), max(times[key]))
        for key, number in resets.items()
    }


def rows(answer):
    return {row.key: (row.resets, row.connections, row.harmful, row.first, row.last) for row in answer.rows}


def test_every_key_is_counted_in_plain_python_too():
    assert PLAIN.keys() == KEYS.keys()


@pytest.mark.parametrize("by", [*((name,) for name in KEYS), ("point", "cause"), ("client", "harm", "declared")])
def test_numbers_are_those_counted_from_json(real, by):
    archive, verdicts = real
    answer = top(archive, by, Selection(), 1000)
    expected = counted(verdicts, by)
    assert rows(answer) == expected
    assert (answer.resets, answer.keys) == (len(verdicts), len(expected))
    assert answer.first == min(nanoseconds(one["time"]) for one in verdicts)
    assert answer.last == max(nanoseconds(one["time"]) for one in verdicts)


def test_most_come_first_and_the_rest_is_known(real):
    archive, verdicts = real
    answer = top(archive, ("cause",), Selection(), 2)
    best = sorted(Counter(one["cause"] for one in verdicts).items(), key=lambda pair: (-pair[1], pair[0]))
    assert [(row.key, row.resets) for row in answer.rows] == [((cause,), number) for cause, number in best[:2]]
    assert (answer.keys, answer.resets) == (len(best), len(verdicts))


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(causes=("port-closed", "port-scan")), lambda one: one["cause"] in {"port-closed", "port-scan"}),
        (Selection(points=("db=1 %2F",)), lambda one: one["point"] == "db=1 %2F"),
        (Selection(hosts=("198.51.100.7",)), lambda one: "198.51.100.7:" in one["connection"]["server"]),
        (Selection(hosts=("198.51.100",)), lambda _: False),
        (Selection(ports=(80,)), lambda one: one["connection"]["server"].endswith(":80")),
        (Selection(ports=(0,)), lambda _: False),
        (
            Selection(since=nanoseconds("2026-05-28T20:26:55.058Z"), until=nanoseconds("2026-05-28T20:27:10Z")),
            lambda one: "2026-05-28T20:26:55.058" <= one["time"] < "2026-05-28T20:27:10",
        ),
    ],
)
def test_what_is_selected_is_counted(real, selection, wanted):
    archive, verdicts = real
    chosen = [one for one in verdicts if wanted(one)]
    assert rows(top(archive, ("cause", "point"), selection, 1000)) == counted(chosen, ("cause", "point"))


def test_an_address_of_ipv6_is_selected_whole(real):
    archive, verdicts = real
    ends = {one["connection"]["server"] for one in verdicts if one["connection"]["server"].startswith("[")}
    (host,) = {address(end) for end in ends}
    assert top(archive, ("server",), Selection(hosts=(host,)), 9).resets == sum(
        one["connection"]["server"] in ends for one in verdicts
    )
    assert top(archive, ("server",), Selection(hosts=(host[:-1],)), 9).resets == 0


def test_a_time_is_exact_to_the_nanosecond(tmp_path):
    out = written(tmp_path, web=([at(NOON - 1), at(NOON), at(NOON + 1)], []))
    with opened(out) as archive:
        assert top(archive, ("cause",), Selection(since=NOON, until=NOON + 1), 9).resets == 1


def test_a_connection_counts_once_at_each_point(tmp_path):
    twice = [at(NOON, 7), at(NOON, 7, ordinal=2)]
    out = written(tmp_path, a=(twice, []), b=(twice, [(NOON - HOUR, NOON)]))
    with opened(out) as archive:
        (row,) = top(archive, ("cause",), Selection(), 9).rows
    assert (row.resets, row.connections) == (4, 2)
