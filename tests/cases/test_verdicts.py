from __future__ import annotations

import json
from pathlib import Path

import pytest

from whyrst.analysis import analyze

CASES = sorted(expect.parent for expect in Path(__file__).parent.glob("*/expect.json"))
CONFIDENCES = ("undetermined", "possible", "likely", "certain")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_reset_gets_the_expected_verdict(case):
    report = analyze(case / "capture.pcap")
    verdicts = {verdict.frame: verdict for verdict in report.verdicts}
    wrong = []
    expected = json.loads((case / "expect.json").read_text())
    for want in expected:
        got = verdicts.get(want["frame"])
        if got is None:
            wrong.append(f"frame {want['frame']}: no verdict")
            continue
        right = (
            got.cause in (want["cause"], *want["accept"])
            and got.reset.sender == want["sender"]
            and (want["mechanism"] is None or got.reset.mechanism == want["mechanism"])
        )
        least = want["min_confidence"]
        if got.cause == want["cause"] and least is not None:
            right = right and CONFIDENCES.index(got.confidence) >= CONFIDENCES.index(least)
        if not right:
            others = [(a.cause, a.probability) for a in got.alternatives]
            wrong.append(
                f"frame {got.frame}: {got.cause} ({got.confidence} {got.probability}, {got.reset.mechanism},"
                f" {got.reset.sender}) {others}, expected {want}"
            )
    assert not wrong, "\n".join(wrong)
    assert set(verdicts) == {want["frame"] for want in expected}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_packet_is_accounted_for(case):
    report = analyze(case / "capture.pcap")
    for _ in report.batches():
        pass
    quality = report.quality
    assert quality.packets == quality.segments + sum(quality.skipped.values())
