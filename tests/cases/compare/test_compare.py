"""Real runs of the lab, compared: where each reset was made, and why, must be what the run did."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from whyrst.lab.compared import WAYS, outcomes_of_way
from whyrst.lab.truth import Record

CASES = sorted(truth.parent for truth in Path(__file__).parent.glob("*/truth.json"))


def record(case):
    return msgspec.json.decode((case / "truth.json").read_bytes(), type=Record)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name.replace(" ", "-"))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_origin_and_cause_of_every_reset_are_right(case, way):
    outcomes = list(outcomes_of_way(record(case), case, way))
    assert [one for one in outcomes if one.origin_right is False] == []
    assert [one for one in outcomes if not one.right] == []
    assert way.worse or {one.origin for one in outcomes} == {truth.origin for truth in record(case).resets}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_small(case):
    assert all(capture.stat().st_size < 25_000 for capture in case.glob("*.pcap"))


def test_scoring_notices_a_wrong_origin_and_a_reset_that_nobody_told_of():
    case = next(case for case in CASES if case.name == "forged-to-both")
    told = record(case)
    forged = [msgspec.structs.replace(truth, origin=truth.sender) for truth in told.resets]
    outcomes = outcomes_of_way(msgspec.structs.replace(told, resets=tuple(forged)), case, WAYS[0])
    assert {one.origin_right for one in outcomes} == {False}
    more = msgspec.structs.replace(told.resets[0], ports=(1, 2), may_be_unseen=False)
    outcomes = list(outcomes_of_way(msgspec.structs.replace(told, resets=(*told.resets, more)), case, WAYS[0]))
    assert [one.said for one in outcomes if not one.right] == ["missed"]
