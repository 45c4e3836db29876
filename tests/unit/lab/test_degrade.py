from __future__ import annotations

import random

import pytest

from whyrst.analysis import analyze
from whyrst.lab import degrade
from whyrst.lab.wire import Capture, Host

SECOND = 1_000_000_000


@pytest.fixture
def talk(tmp_path):
    """A capture of ten connections that the client aborts."""
    capture = Capture("client", seed=5)
    for i in range(10):
        talk = capture.conversation(Host("192.0.2.10"), Host("198.51.100.20", hops=1), 40100 + i, 8080)
        talk.handshake()
        talk.client.send(bytes(100))
        talk.client.abort()
    capture.write(tmp_path / "talk.pcap", form="pcap-nano")
    return tmp_path / "talk.pcap"


def test_a_capture_that_is_not_changed_stays_the_same(talk):
    before = talk.read_bytes()
    degrade.change(talk, lambda found: found)
    assert talk.read_bytes() == before


def test_resets_and_directions_are_told(talk):
    _, found = degrade.load(talk)
    assert sum(one.is_reset for one in found) == sum(1 for _ in analyze(talk).verdicts) == 10
    assert {one.source for one in found} == {bytes((192, 0, 2, 10)), bytes((198, 51, 100, 20))}


def test_a_wrong_clock_is_off_and_gains(talk):
    _, before = degrade.load(talk)
    degrade.change(talk, degrade.off(-3600.0, 50.0))
    _, after = degrade.load(talk)
    assert after[0].time - before[0].time == -3600 * SECOND
    took = before[-1].time - before[0].time
    assert after[-1].time - after[0].time - took == pytest.approx(took * 50e-6, abs=2)
    assert [one.frame for one in after] == [one.frame for one in before]


def test_a_lossy_capture_lacks_some_packets_and_more_resets(talk):
    _, before = degrade.load(talk)
    lost, lost_resets = 0, 0
    for seed in range(50):
        after = list(degrade.lossy(random.Random(seed))(before))
        assert [one for one in before if one in after] == after
        lost += len(before) - len(after)
        lost_resets += sum(one.is_reset for one in before) - sum(one.is_reset for one in after)
    assert 0.25 < lost_resets / (50 * 10) < 0.35
    assert 0.08 < (lost - lost_resets) / (50 * (len(before) - 10)) < 0.12


def test_a_short_capture_is_one_stretch_of_the_whole(talk):
    _, before = degrade.load(talk)
    kinds = set()
    for seed in range(20):
        after = list(degrade.short(random.Random(seed))(before))
        at = before.index(after[0])
        assert before[at : at + len(after)] == after
        assert len(after) >= 1
        kinds.add((at == 0, after[-1] == before[-1]))
    assert {(False, True), (True, False)} <= kinds


def test_one_direction_holds_the_packets_of_one_end(talk):
    _, before = degrade.load(talk)
    found = [list(degrade.one_way(random.Random(seed))(before)) for seed in range(8)]
    assert {len({one.source for one in after}) for after in found} == {1}
    assert {after[0].source for after in found} == {one.source for one in before}


def test_nothing_can_be_taken_from_an_empty_capture():
    for how in (degrade.lossy, degrade.short, degrade.one_way):
        assert list(how(random.Random(1))([])) == []
    assert list(degrade.off(1.0, 1.0)([])) == []
