from __future__ import annotations

import json

import pytest
from kernels.machine import Outcome

from kernels import report

PROBES = [
    {"what": "probe", "name": name, "programs": [name], "how": "here", "misses": ""}
    for name in ("send_reset", "set_state")
]
SCENARIO = {"what": "scenario", "name": "port-closed, IPv6"}
SENT = {
    "what": "reset", "scenario": "port-closed, IPv6", "kind": "sent", "reason": "NO_SOCKET", "cause": "port-closed",
    "confidence": "certain", "mechanism": "passive",
}  # fmt: skip
TAKEN = SENT | {"kind": "received", "reason": None, "confidence": "possible"}
COUNTED = {"what": "counted", "kernel": 1, "seen": 1, "delivered": 1}


def read(*lines, status=0, besides=""):
    said = "\n".join([*map(json.dumps, lines), besides])
    return report.read("6.1.0", Outcome(status, said, "a log line", 9.0))


def test_a_run_in_which_all_is_right():
    table = read(*PROBES, SCENARIO, SENT, TAKEN, COUNTED)
    assert table.wrong == []
    assert "all as it must be" in report.summary([table])
    assert "1 passed, 0 failed" in report.summary([table])
    assert "port-closed, IPv6" in report.text(table)


def test_a_receiver_that_is_unsure_of_another_cause_is_not_wrong():
    assert read(*PROBES, SCENARIO, SENT, TAKEN | {"cause": "firewall-reject"}, COUNTED).wrong == []


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ((*PROBES, SCENARIO, COUNTED), "0 resets sent"),
        ((*PROBES, SCENARIO, SENT, SENT, COUNTED), "2 resets sent"),
        ((*PROBES, SCENARIO, SENT | {"cause": "firewall-reject"}, COUNTED), "sent, firewall-reject certain"),
        ((*PROBES, SCENARIO, SENT | {"confidence": "possible"}, COUNTED), "sent, port-closed possible"),
        ((*PROBES, SCENARIO, SENT, TAKEN | {"cause": "x", "confidence": "certain"}, COUNTED), "received, x certain"),
        ((*PROBES, SCENARIO, SENT, COUNTED | {"kernel": 2}), "counts of resets sent differ: kernel 2, seen 1"),
        ((*PROBES, SCENARIO, SENT), "counts of resets sent differ: none"),
        ((PROBES[0], SCENARIO, SENT, COUNTED), "set_state does not run"),
        ((PROBES[0] | {"programs": []}, PROBES[1], SCENARIO, SENT, COUNTED), "send_reset does not run"),
    ],
    ids=["none", "two", "cause", "unsure", "surely-wrong", "missed", "uncounted", "absent", "not-loaded"],
)
def test_what_is_wrong_is_said(lines, wrong):
    table = read(*lines)
    assert [wrong in said for said in table.wrong] == [True]
    assert "0 passed, 1 failed" in report.summary([table])


def test_a_script_that_failed_shows_what_it_said_and_the_log():
    table = read(*PROBES, SCENARIO, SENT, COUNTED, status=1, besides="Traceback: it broke\n3\nnull\n{}")
    assert table.wrong == ["exit status 1"]
    assert {"Traceback: it broke", "a log line"} <= set(table.other)
    assert "it broke" in report.text(table)


def test_a_kernel_that_never_ended_is_wrong():
    assert "it did not end in time" in read(*PROBES, SCENARIO, SENT, COUNTED, status=None).wrong
