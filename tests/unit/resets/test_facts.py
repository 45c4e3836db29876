from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from whyrst.resets.facts import Fact, ahead, as_fact, both

YES, UNKNOWN, NO = 1, 0, -1
ALL = np.array([YES, UNKNOWN, NO], dtype=np.int8)
PAIRS = [(a, b) for a in (YES, UNKNOWN, NO) for b in (YES, UNKNOWN, NO)]
AND = [YES, UNKNOWN, NO, UNKNOWN, UNKNOWN, NO, NO, NO, NO]
OR = [YES, YES, YES, YES, UNKNOWN, UNKNOWN, YES, UNKNOWN, NO]


def fact(values):
    return Fact(np.array(values, dtype=np.int8))


def test_facts_combine_as_kleene_says():
    left, right = fact([a for a, _ in PAIRS]), fact([b for _, b in PAIRS])
    assert (left & right).values.tolist() == AND
    assert (left | right).values.tolist() == OR
    assert (~fact(ALL)).values.tolist() == [NO, UNKNOWN, YES]


def test_a_plain_mask_is_known_everywhere_and_may_stand_on_either_side():
    mask = np.array([True, True, True, False, False, False])
    known = fact([YES, UNKNOWN, NO] * 2)
    assert (known & mask).values.tolist() == (mask & known).values.tolist() == [YES, UNKNOWN, NO, NO, NO, NO]
    assert (known | mask).values.tolist() == (mask | known).values.tolist() == [YES, YES, YES, YES, UNKNOWN, NO]
    assert as_fact(mask).known.all()
    assert as_fact(known) is known


def test_of_is_unknown_where_nothing_is_known():
    condition, known = np.array([True, False, True, False]), np.array([True, True, False, False])
    assert Fact.of(condition, known).values.tolist() == [YES, NO, UNKNOWN, UNKNOWN]
    assert Fact.of(condition).values.tolist() == [YES, NO, YES, NO]
    assert Fact.unknown(2).values.tolist() == [UNKNOWN, UNKNOWN]
    assert Fact.of(condition).where(known).values.tolist() == [YES, NO, UNKNOWN, UNKNOWN]


def test_yes_no_and_known_part_every_value_between_them():
    every = fact(ALL)
    assert every.yes.tolist() == [True, False, False]
    assert every.no.tolist() == [False, False, True]
    assert every.known.tolist() == [True, False, True]


three = st.lists(st.sampled_from([YES, UNKNOWN, NO]), min_size=1, max_size=8)


@given(st.data())
def test_de_morgan_and_distribution_hold_with_unknowns(data):
    n = data.draw(st.integers(1, 8))
    a, b, c = (fact(data.draw(st.lists(st.sampled_from([1, 0, -1]), min_size=n, max_size=n))) for _ in range(3))
    assert (~(a & b)).values.tolist() == (~a | ~b).values.tolist()
    assert (~(a | b)).values.tolist() == (~a & ~b).values.tolist()
    assert (a & (b | c)).values.tolist() == ((a & b) | (a & c)).values.tolist()
    assert both([a, b, c]).values.tolist() == (a & b & c).values.tolist()


@given(three, three)
def test_more_knowledge_never_turns_a_known_result(left, right):
    n = min(len(left), len(right))
    a, b = fact(left[:n]), fact(right[:n])
    for filled in (YES, NO):
        surer = fact([v or filled for v in left[:n]])
        for vague, sharp in (((a & b), (surer & b)), ((a | b), (surer | b))):
            assert all(v in (0, s) for v, s in zip(vague.values, sharp.values, strict=True))


@given(st.integers(0, 2**32 - 1), st.integers(-(2**31) + 1, 2**31 - 1))
def test_ahead_is_the_signed_distance_over_the_wrap(start, step):
    a, b = np.array([(start + step) % 2**32]), np.array([start])
    assert ahead(a, b).tolist() == [step]
