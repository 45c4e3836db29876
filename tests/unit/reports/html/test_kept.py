from __future__ import annotations

from unit.reports.fakes import Fake, verdict
from whyrst.reports.html.kept import FIRST, Kept, to_draw
from whyrst.reports.timeline import Timeline


def kept(*batches, limit=10):
    taken = Kept(Fake(*batches), Timeline(), limit)
    for _ in taken.batches():
        pass
    return taken


def refused(*frames):
    return [verdict(n, cause="port-closed", harm="refused") for n in frames]


def lost(*frames):
    return [verdict(n, harm="data-lost") for n in frames]


def frames(taken):
    return [one.frame for one in taken.verdicts()]


def test_few_are_kept_whole_and_in_order():
    taken = kept(refused(1, 2), lost(3), refused(4))
    assert frames(taken) == [1, 2, 3, 4]
    assert taken.total == 4


def test_harm_drives_out_what_did_none():
    many = FIRST + 10
    taken = kept(refused(*range(1, many + 1)), lost(*range(many + 1, 2 * many + 1)), limit=2 * FIRST + 5)
    found = frames(taken)
    assert found[:FIRST] == list(range(1, FIRST + 1)), "the first of each cause"
    assert found[FIRST:] == list(range(many + 1, many + FIRST + 6)), "then the worst, the earliest first"
    assert taken.total == 2 * many


def test_more_than_the_limit_costs_no_sentences():
    fake = Fake(refused(*range(1, 1001)), refused(*range(1001, 2001)))
    taken = Kept(fake, Timeline(), 50)
    for _ in taken.batches():
        pass
    assert sum(batch.made for batch in fake.made) == 50
    assert len(taken.verdicts()) == 50


def test_a_page_shorter_than_the_first_of_each_cause():
    assert len(kept(refused(*range(1, 30)), lost(*range(30, 60)), limit=5).verdicts()) == 5


def test_ladders_go_to_causes_then_incidents_then_harm():
    harmless = [verdict(n, harm="none", incident="i1") for n in range(1, 6)]
    plain = [verdict(n, harm="none") for n in range(6, 9)]
    worst = lost(20, 21)
    echo = [verdict(30, ordinal=2)]
    chosen = to_draw([*harmless, *plain, *echo, *worst], [plain[0]], limit=4)
    assert [one.frame for one in chosen] == [6, 1, 20, 21]
    chosen = to_draw([*harmless, *plain, *echo, *worst], [plain[0]], limit=5)
    assert [one.frame for one in chosen][-1] == 30
