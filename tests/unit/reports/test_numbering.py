from __future__ import annotations

from unit.reports.fakes import verdict
from whyrst.model import Evidence
from whyrst.reports.numbering import numbers, trace


def test_what_stands_elsewhere_is_numbered():
    facts = trace(verdict(6))
    assert [(one.mark, one.number, one.frames) for one in facts] == [
        ("", 1, (5,)),
        ("+", 2, (5,)),
        ("+", 3, (4,)),
        ("+", 0, ()),
        ("?", 0, ()),
    ]


def test_a_declaration_takes_no_number():
    facts = trace(verdict(6, declared="Flow expired"))
    assert [one.number for one in facts] == [1, 0, 2, 3, 0, 0]
    assert "Flow expired" in facts[1].says


def test_a_frame_bears_all_its_numbers():
    evidence = (Evidence("supports", "yes", "one", (3, 4)), Evidence("refutes", "yes", "two", (4, 6)))
    assert numbers(verdict(6, evidence=evidence)) == {5: [1], 3: [2], 4: [2, 3]}
