"""Captures that lack the segment on which a verdict hangs: the verdict must know that it may be missing."""

from __future__ import annotations

import pytest

from whyrst.analysis import analyze
from whyrst.lab.wire import Capture, Host, payloads


def verdicts(tmp_path, script, snaplen=262_144):
    """Verdicts on what a script plays; it marks as unseen what the capture missed."""
    capture = Capture("client", seed=5)
    talk = capture.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 8080, rtt=0.02)
    script(talk)
    capture.write(tmp_path / "capture.pcap", snaplen=snaplen)
    return list(analyze(tmp_path / "capture.pcap").verdicts)


def asked(talk):
    """A handshake and a request; returns its segments."""
    return [*talk.handshake(), talk.client.send(payloads.http_request("/late")), talk.server.ack()]


@pytest.mark.parametrize("missing", ["nothing", "handshake", "request", "all"])
def test_a_client_that_may_have_asked_is_not_certain_to_have_left_an_idle_connection(tmp_path, missing):
    def script(talk):
        before = asked(talk)
        for segment in {"nothing": [], "handshake": before[:3], "request": before[3:4], "all": before}[missing]:
            segment.unseen = True
        talk.client.fin()
        talk.server.ack()
        talk.wait(0.37)
        talk.client.refuse(talk.server.send(payloads.http_answer(300)))

    (verdict,) = verdicts(tmp_path, script)
    if missing == "nothing":
        assert verdict.cause == "client-cancelled"
    else:
        assert verdict.confidence != "certain"


def test_a_record_that_the_capture_cut_off_may_have_been_a_goodbye(tmp_path):
    def script(talk):
        talk.handshake()
        talk.exchange(payloads.tls_data(120), payloads.tls_data(900))
        talk.server.fin()
        talk.client.ack()
        talk.wait(0.5)
        talk.server.refuse(talk.client.send(payloads.tls_data(19)))

    assert [v.cause for v in verdicts(tmp_path, script)] == ["tls-close-notify-after-close"]
    assert [v.confidence for v in verdicts(tmp_path, script, snaplen=66)] != ["certain"]


@pytest.mark.parametrize(("late", "cause"), [(0.0, "linger2-abort"), (0.2, "data-after-close")])
def test_a_reset_long_after_the_acknowledgement_of_a_fin_answers_something_unseen(tmp_path, late, cause):
    def script(talk):
        talk.handshake()
        talk.exchange(payloads.http_request("/"), payloads.http_answer(200))
        talk.server.fin()
        ack = talk.client.ack()
        if not late:
            talk.server.refuse(ack)
            return
        talk.wait(late)
        request = talk.client.send(payloads.http_request("/again"))
        request.unseen = True
        talk.server.refuse(request)

    (verdict,) = verdicts(tmp_path, script)
    assert verdict.cause in {cause, "undetermined"}


def test_a_fin_that_the_capture_lost_makes_no_forger_of_the_one_who_answers_twice(tmp_path):
    def script(talk):
        talk.handshake()
        talk.exchange(payloads.http_request("/"), payloads.http_answer(200))
        talk.wait(5.0)
        fin = talk.server.fin()
        request = talk.client.send(payloads.http_request("/again"), at=fin.sent + 0.004)
        ack = talk.client.ack(at=fin.sent + 0.011)
        talk.server.refuse(request)
        talk.server.refuse(ack)
        fin.unseen = ack.unseen = True

    assert "forged" not in {verdict.reset.mechanism for verdict in verdicts(tmp_path, script)}


def test_a_reset_whose_numbers_tell_of_unseen_bytes_ended_no_empty_connection(tmp_path):
    def script(talk):
        talk.handshake()
        for segment in talk.exchange(b"ping", b"pong"):
            segment.unseen = True
        talk.wait(0.4)
        talk.client.abort()

    (verdict,) = verdicts(tmp_path, script)
    assert verdict.cause == "application-abort"
    assert not any(e.holds == "yes" and e.says == "neither side had sent a byte" for e in verdict.evidence)


@pytest.mark.parametrize("waited", [1.2, 2.6])
def test_a_socket_is_known_to_have_given_up_when_its_next_repeat_is_overdue(tmp_path, waited):
    def script(talk):
        talk.handshake()
        talk.exchange(payloads.http_request("/"), payloads.http_answer(200))
        request = talk.client.send(b"q" * 500, lost=True)
        copies = [talk.client.again(request, at=request.sent + after, lost=True) for after in (0.21, 0.63, 1.47)]
        last = copies[-1].sent
        talk.client.refuse(talk.server.send(b"late", at=last + waited))

    (verdict,) = verdicts(tmp_path, script)
    assert (verdict.cause == "user-timeout") == (waited > 2.0)


@pytest.mark.parametrize("side", ["client", "server"])
def test_an_abort_is_known_from_its_own_direction_alone(tmp_path, side):
    def script(talk):
        talk.handshake()
        talk.exchange(payloads.http_request("/"), payloads.http_answer(200))
        talk.wait(0.3)
        getattr(talk, side).abort()
        for segment in talk.segments:
            segment.unseen = segment.sender != side

    (verdict,) = verdicts(tmp_path, script)
    assert verdict.cause == "application-abort"
    assert verdict.harm.level == "unknown"


def test_a_capture_of_flags_alone_shows_by_the_numbers_that_bytes_were_exchanged(tmp_path):
    def script(talk):
        syn, syn_ack, _ = talk.handshake()
        talk.exchange(payloads.http_request("/"), payloads.http_answer(200))
        talk.wait(0.3)
        abort = talk.server.abort()
        for segment in talk.segments:
            segment.unseen = segment not in {syn, syn_ack, abort}

    (verdict,) = verdicts(tmp_path, script)
    assert verdict.cause == "application-abort"
    assert verdict.harm.level == "aborted"
