from __future__ import annotations

from unit.reports.fakes import Fake, verdict
from whyrst.reports.findings import collect, harm_counts


def test_causes_are_gathered_and_the_worst_stands_first():
    closed = {"cause": "port-closed", "harm": "refused", "confidence": "certain", "mechanism": "passive"}
    benign = {"cause": "benign-teardown", "harm": "none"}
    source = Fake(
        [verdict(1, **benign), verdict(2, **closed), verdict(3, **closed)],
        [verdict(4), verdict(5, ordinal=2), verdict(6, **closed)],
    )
    findings = collect(source)
    assert [(one.cause, one.resets, one.echoes) for one in findings] == [
        ("close-with-unread-data", 2, 1),
        ("port-closed", 3, 0),
        ("benign-teardown", 1, 0),
    ]
    assert findings[1].confidence == [("certain", 3)]
    assert findings[1].mechanism == [("passive", 3)]
    assert findings[1].frames == [2, 3, 6]
    assert harm_counts(findings) == [("data-lost", 2), ("refused", 3), ("none", 1)]


def test_the_example_is_the_surest_of_the_most_harmful_and_no_echo():
    source = Fake(
        [
            verdict(1, harm="none", probability=0.99),
            verdict(2, probability=0.6),
            verdict(3, probability=0.95, ordinal=2),
        ],
        [verdict(4, probability=0.8), verdict(5, probability=0.7)],
    )
    (finding,) = collect(source)
    assert finding.example is not None
    assert finding.example.frame == 4


def test_few_verdicts_are_made_of_many_resets():
    source = Fake([verdict(n, client=f"10.{n // 250}.0.{n % 250}:1") for n in range(1, 2000)])
    collect(source)
    assert source.made[0].made < 20


def test_empty_batches_do_no_harm():
    assert collect(Fake([], [])) == []
