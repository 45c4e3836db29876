"""Every cause is complete, and the check of it finds what is missing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from whyrst.causes import all_causes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def check():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import check_causes as module
    finally:
        sys.path.remove(str(ROOT / "tools"))
    return module


def test_every_cause_is_complete(check):
    assert list(check.faults(all_causes(), check.reached_by())) == []


def told(check, name="port-closed", **changes):
    causes = dict(all_causes())
    causes[name] = replace(causes[name], **changes)
    return list(check.faults(causes, causes))


def test_headings_must_stand_in_order_and_hold_text(check):
    manual = all_causes()["port-closed"].manual
    swapped = (
        manual.replace("## Fix", "## X").replace("## How to be sure", "## Fix").replace("## X", "## How to be sure")
    )
    assert any("headings are" in fault for fault in told(check, manual=swapped))
    empty = manual[: manual.index("## Fix")] + "## Fix\n"
    assert 'port-closed: nothing stands below "Fix"' in told(check, manual=empty)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"rfc": (), "kernel": ()}, "no RFC clause and no kernel function"),
        ({"rfc": ("somewhere",)}, "not an RFC clause: somewhere"),
        ({"lab": None}, "no lab scenario, and no reason why there can be none"),
        ({"no_lab": "it cannot be"}, "a lab scenario, and yet a reason why there can be none"),
        ({"lab": "Port Closed"}, "not a scenario's name: Port Closed"),
        ({"type": "magic"}, "unknown type magic"),
        ({"fix": " "}, "fix is empty"),
        ({"look_alikes": ("port-closed",)}, "a look-alike stands there twice, or is the cause itself"),
        ({"look_alikes": ("no-such-cause",)}, "look-alike no-such-cause does not exist"),
        ({"look_alikes": ("linger-zero",)}, "linger-zero does not name it as a look-alike"),
        ({"look_alikes": ("linger-zero",)}, '"Easily confused with" does not name `linger-zero`'),
        ({"look_alikes": ()}, '"Easily confused with" names `port-scan`, which is not among its look-alikes'),
    ],
)
def test_what_a_cause_lacks_is_told(check, changes, fault):
    assert f"port-closed: {fault}" in told(check, **changes)


def test_a_cause_that_the_wire_shows_needs_a_case(check):
    causes = all_causes()
    assert list(check.faults(causes, set(causes) - {"port-scan"})) == ["port-scan: no golden case yields it"]
    hidden = {name for name, cause in causes.items() if not cause.wire}
    assert list(check.faults(causes, set(causes) - hidden)) == []


def test_ids_are_never_given_up_and_new_ones_are_listed(check):
    causes = dict(all_causes())
    causes["Newly_Found"] = replace(causes.pop("syn-proxy"), id="Newly_Found")
    found = list(check.ids(causes))
    assert found == [
        "syn-proxy: the cause is gone, but reports may hold it",
        "Newly_Found: add the id to IDS in tools/check_causes.py",
        "Newly_Found: not kebab-case",
    ]


def test_the_ids_of_cases_are_ids_of_causes(check):
    assert check.reached_by() <= set(all_causes())
