from __future__ import annotations

from pathlib import Path

import pytest

from whyrst.analysis import analyze
from whyrst.causes import all_causes
from whyrst.incidents import kinds

CASES = Path(__file__).parents[2] / "cases"


def analyzed(case):
    report = analyze(CASES / case / "capture.pcap")
    return list(report.verdicts), report.incidents


def test_kinds_have_ids_ranks_and_causes_of_their_own():
    ids = [kind.id for kind in kinds()]
    assert len(ids) == len(set(ids))
    assert [kind.rank for kind in kinds()] == sorted(kind.rank for kind in kinds())
    for kind in kinds():
        assert kind.causes <= set(all_causes())


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("server-restart", "restart-window"),
        ("idle-timeout", "idle-timeout"),
        ("port-scan", "scan"),
        ("health-check", "health-check"),
        ("listener-closed", "listener-closed"),
        ("host-restart", "host-restart"),
    ],
)
def test_a_case_forms_its_incident(case, kind):
    verdicts, incidents = analyzed(case)
    found = [incident for incident in incidents if incident.kind == kind]
    assert len(found) == 1
    members = [verdict for verdict in verdicts if verdict.incident == found[0].id]
    assert len(members) == found[0].resets
    assert {verdict.frame for verdict in members} >= set(found[0].frames)
    assert sum(found[0].causes.values()) == found[0].resets
    assert found[0].start <= found[0].end


def test_a_single_refusal_is_no_incident():
    _, incidents = analyzed("port-closed")
    assert incidents == ()


def test_the_sentences_hold_no_open_fields():
    for case in sorted(CASES.glob("*/capture.pcap")):
        for incident in analyzed(case.parent.name)[1]:
            assert "{" not in incident.title + incident.says
