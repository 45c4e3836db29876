from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from whyrst.analysis import analyze
from whyrst.causes import judges
from whyrst.verdicts import weigh as weighing
from whyrst.verdicts.weigh import FAILS, HOLDS, IMPOSSIBLE, UNKNOWN

CASES = sorted(Path(__file__).parents[2].glob("cases/*/capture.pcap"))


@pytest.fixture(scope="module")
def batches():
    """Every golden case, judged."""
    return [judged for case in CASES for judged in analyze(case).batches()]


def test_every_word_of_a_judge_has_its_numbers():
    assert set(HOLDS) == set(FAILS)
    assert set(UNKNOWN) <= set(HOLDS)
    assert FAILS["needed"] == IMPOSSIBLE


def test_probabilities_of_a_reset_sum_up_to_one(batches):
    for judged in batches:
        assert np.allclose(judged._weighed.probability.sum(axis=0), 1, atol=1e-4)


def test_nothing_is_certain_while_a_needed_fact_is_unknown(batches):
    names = list(judges())
    for judged in batches:
        for i in np.flatnonzero(judged.confidence == 3).tolist():
            cause = names[int(judged.cause[i])]
            signs = judged._weighed.signs[int(judged.cause[i])]
            assert all(s.fact.yes[i] for s in signs if s.word == "needed"), cause
            assert any(s.fact.yes[i] for s in signs if s.word == "decides"), cause


def test_an_impossible_cause_has_no_chance(batches):
    for judged in batches:
        for k, signs in enumerate(judged._weighed.signs):
            for sign in signs:
                fatal = sign.fact.no if sign.word == "needed" else sign.fact.yes if sign.word == "excludes" else None
                if fatal is not None:
                    assert (judged._weighed.probability[k][fatal] == 0).all()


def test_confidence_follows_probability(batches):
    for judged in batches:
        base = judged.ids.index("undetermined")
        assert ((judged.confidence == 0) == (judged.cause == base)).all()
        assert (judged.probability[judged.confidence == 2] >= weighing.LIKELY).all()


def test_what_is_ruled_out_was_never_the_answer(batches):
    for judged in batches[:40]:
        for i in range(len(judged)):
            out = {cause for cause, _ in judged.ruled_out(i)}
            verdict = judged.verdict(i)
            assert verdict.cause not in out
            assert not out & {other.cause for other in verdict.alternatives}
