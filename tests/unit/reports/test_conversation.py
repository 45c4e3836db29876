"""Collecting the connections of some verdicts from real captures."""

from __future__ import annotations

from pathlib import Path

import pytest

from whyrst.analysis import analyze
from whyrst.capture.errors import CaptureError
from whyrst.reports.conversation import collect
from whyrst.reports.ladder import Step

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = str(ROOT / "examples" / "resets.pcap")
OTHER = str(ROOT / "tests" / "cases" / "listener-closed" / "capture.pcap")


def of(paths, **how):
    report = analyze(paths, **how)
    verdicts = list(report.verdicts)
    return verdicts, collect(verdicts, report.reread())


def test_every_verdict_gets_its_connection():
    verdicts, found = of([EXAMPLE])
    assert len(found) == len(verdicts) > 10
    for one in verdicts:
        conversation = found[one.capture, one.frame]
        frames = [item.frame for item in conversation.items if isinstance(item, Step)]
        assert one.frame in frames
        assert conversation.marks.keys() <= set(frames)
        assert (conversation.client, conversation.server) == (one.connection.client, one.connection.server)


def test_the_states_are_those_of_the_verdict():
    verdicts, found = of([EXAMPLE])
    for one in verdicts:
        items = found[one.capture, one.frame].items
        at = [item.frame for item in items].index(one.frame)
        states = items[at - 1].states if at else None
        if states and one.reset.ordinal == 1:
            assert one.connection.state == "/".join(state.name.replace("_", "-") for state in states)


def test_several_captures_keep_their_frames_apart():
    verdicts, found = of([EXAMPLE, OTHER])
    assert {capture for capture, _ in found} == {EXAMPLE, OTHER}
    assert len(found) == len(verdicts)


def test_with_a_filter_frames_are_the_same():
    (verdict, *_), found = of([EXAMPLE], filter="port 5432")
    assert any(item.frame == verdict.frame for item in found[EXAMPLE, verdict.frame].items)


def test_a_connection_goes_on_in_the_next_file_of_a_rotated_capture(tmp_path):
    whole, at = Path(EXAMPLE).read_bytes(), 24
    for _ in range(85):
        at += 16 + int.from_bytes(whole[at + 8 : at + 12], "little")
    parts = [tmp_path / "ring.pcap0", tmp_path / "ring.pcap1"]
    parts[0].write_bytes(whole[:at])
    parts[1].write_bytes(whole[:24] + whole[at:])
    _, found = of([str(one) for one in parts], join=True)
    frames = [item.frame for item in found[str(parts[1]), 8].items]
    assert frames == [73, 74, 75, 76, 77, 78, 6, 7, 8]


def test_a_pipe_is_not_read_twice():
    report = analyze(["-"])
    assert list(report.reread()) == []


def test_a_capture_that_is_gone(tmp_path):
    copy = tmp_path / "copy.pcap"
    copy.write_bytes(Path(OTHER).read_bytes())
    report = analyze([str(copy)])
    verdicts = list(report.verdicts)
    series = report.reread()
    copy.write_bytes(b"")
    with pytest.raises(CaptureError):
        collect(verdicts, series)
