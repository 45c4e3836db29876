"""Events of the lab's runs, as the running kernel told them: what is said must be what the scenario did."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from whyrst.kernel.event import KernelEvent
from whyrst.lab.trace import SENT, Live, outcomes
from whyrst.lab.truth import Record

CASES = Path(__file__).parents[2] / "cases" / "kernel"
NAMES = sorted(path.stem for path in CASES.glob("*.ndjson"))


def load(name):
    record = msgspec.json.decode((CASES / f"{name}.json").read_bytes(), type=Record)
    lines = (CASES / f"{name}.ndjson").read_bytes().splitlines()
    return record, [msgspec.json.decode(line, type=KernelEvent) for line in lines]


def told(name):
    record, events = load(name)
    live = Live()
    live.replay(events)
    return [one for one in outcomes(record, live) if one.where == SENT and one.said != "missed"]


@pytest.mark.parametrize("name", NAMES)
def test_verdicts_are_what_the_scenario_did(name):
    found = told(name)
    assert found
    assert [(one.cause, one.said) for one in found if not one.right] == []
    assert all(one.mechanism_right for one in found)


def test_there_are_cases_of_the_kinds_that_the_reason_alone_merges():
    causes = {truth.cause for name in NAMES for truth in load(name)[0].resets}
    state = {"linger-zero", "socket-disconnect", "admin-kill", "listener-closed"}
    nobody = {"port-closed", "connection-gone", "fin-wait2-expired", "late-syn-ack", "unsolicited-syn-ack"}
    assert state <= causes
    assert nobody <= causes
