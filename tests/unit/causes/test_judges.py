from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unit.causes.batches import batches
from whyrst.analysis import analyze
from whyrst.causes import all_causes, judges
from whyrst.causes.evidence import Sign
from whyrst.lab.wire import Capture, Host, payloads
from whyrst.resets.text import FIELDS, fill

CASES = Path(__file__).parents[2] / "cases"
WORDS = {"needed", "decides", "supports", "hints", "doubts", "refutes", "excludes"}


@pytest.fixture(scope="module")
def every_batch():
    with pytest.MonkeyPatch.context() as patch:
        return batches(sorted(CASES.glob("*/capture.pcap")), patch)


@pytest.mark.parametrize("name", judges())
def test_every_sentence_can_be_filled_for_every_reset(name, every_batch):
    for resets in every_batch:
        for sign in judges()[name].judge(resets):
            assert isinstance(sign, Sign)
            assert sign.word in WORDS
            assert len(sign.fact.values) == len(resets)
            assert sign.fact.values.dtype == np.int8
            for template in filter(None, (sign.says, sign.otherwise)):
                for i in range(0, len(resets), max(1, len(resets) // 3)):
                    says, frames = fill(template, resets, i)
                    assert says
                    assert "{" not in says
                    assert all(frame > 0 for frame in frames)


def test_a_judge_takes_an_empty_batch(every_batch):
    resets = every_batch[0]
    empty = type(resets)(resets.cells[:, :0], resets.log, resets.lines)
    for judged in judges().values():
        assert all(len(sign.fact.values) == 0 for sign in judged.judge(empty))


def test_fields_that_end_in_frame_are_numbers(every_batch):
    for name in (name for name in FIELDS if name.endswith("_frame")):
        assert isinstance(FIELDS[name](every_batch[0], 0), int)


def test_no_cause_that_only_the_kernel_shows_wins_on_the_wire():
    hidden = {cause.id for cause in all_causes().values() if not cause.wire}
    assert hidden
    for path in CASES.glob("*/capture.pcap"):
        for verdict in analyze(path).verdicts:
            assert verdict.cause not in hidden


def close(script, tmp_path, **sides):
    """Verdicts on one conversation that a script plays, with the server closing and the client doing what it says."""
    capture = Capture("client", seed=3)
    client, server = (Host("192.0.2.10", **sides), Host("198.51.100.7", hops=5))
    talk = capture.conversation(client, server, 40100, 443, rtt=0.02)
    talk.handshake()
    talk.exchange(payloads.tls_data(120), payloads.tls_data(900), think=0.006)
    script(talk)
    capture.write(tmp_path / "capture.pcap")
    return list(analyze(tmp_path / "capture.pcap").verdicts)


@pytest.mark.parametrize(
    ("size", "cause"),
    [(18, "data-after-close"), (19, "tls-close-notify-after-close"), (20, "data-after-close")],
)
def test_only_a_record_of_an_alerts_length_is_a_goodbye(tmp_path, size, cause):
    def script(talk):
        talk.server.fin()
        talk.wait(0.3)
        talk.server.refuse(talk.client.send(payloads.tls_data(size)))

    (verdict,) = close(script, tmp_path)
    assert verdict.cause == cause
    assert verdict.harm.level == ("none" if cause == "tls-close-notify-after-close" else "data-lost")


@pytest.mark.parametrize("idle", [5.0, 60.0, 75.0])
@pytest.mark.parametrize(("late", "cause"), [(0.002, "keep-alive-race"), (0.2, "data-after-close")])
def test_a_request_that_knew_of_the_close_is_no_race(tmp_path, idle, late, cause):
    def script(talk):
        talk.wait(idle)
        fin = talk.server.fin()
        if late > talk.rtt:
            talk.client.ack()
        talk.server.refuse(talk.client.send(payloads.tls_data(300), at=fin.sent + late))

    assert [verdict.cause for verdict in close(script, tmp_path)] == [cause]


@pytest.mark.parametrize(("times", "surest"), [(1, "application-abort"), (8, "linger-zero")])
def test_resetting_is_a_habit_only_when_it_is_done_again_and_again(tmp_path, times, surest):
    capture = Capture("client", seed=4)
    client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
    for number in range(times):
        talk = capture.conversation(client, server, 40100 + number, 80, start=1.7 * number**1.1)
        talk.handshake()
        talk.exchange(payloads.http_request(f"/{number}"), payloads.http_answer(300), think=0.004)
        talk.client.abort()
    capture.write(tmp_path / "capture.pcap")
    verdicts = list(analyze(tmp_path / "capture.pcap").verdicts)
    assert {verdict.cause for verdict in verdicts} == {surest}
    assert all(verdict.confidence != "certain" for verdict in verdicts)


def test_a_second_answer_to_the_same_dead_connection_names_its_end(tmp_path):
    def script(talk):
        talk.server.abort()
        for _ in range(3):
            talk.server.refuse(talk.client.send(payloads.tls_data(40), at=talk.segments[-1].sent + 0.001))

    first, *rest = close(script, tmp_path)
    assert first.cause == "application-abort"
    assert [verdict.cause for verdict in rest] == ["connection-gone"] * 3
