from __future__ import annotations

import pytest

from whyrst.analysis import analyze
from whyrst.lab.wire import Capture, Host, payloads


def verdicts(tmp_path, *, asked, waited, apart=0.0):
    """Verdicts on connections that the server resets together before it sent a byte; some clients had asked."""
    capture = Capture("server", seed=9)
    client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
    last = apart * (len(asked) - 1) + 0.05 + waited
    for number, has_asked in enumerate(asked):
        talk = capture.conversation(client, server, 40100 + number, 8080, rtt=0.004, start=apart * number)
        talk.handshake()
        if has_asked:
            talk.client.send(payloads.http_request("/"))
            talk.server.ack()
        talk.server.abort(at=last + 0.0002 * number)
    capture.write(tmp_path / "capture.pcap")
    return list(analyze(tmp_path / "capture.pcap").verdicts)


@pytest.mark.parametrize("asked", [(True, False, True), (False, False)])
def test_idle_connections_that_are_reset_together_had_waited_in_a_queue(tmp_path, asked):
    found = verdicts(tmp_path, asked=asked, waited=0.8, apart=0.1)
    assert {verdict.cause for verdict in found} == {"listener-closed"}


def test_requests_that_a_dying_program_had_accepted_look_like_waiting_ones(tmp_path):
    found = verdicts(tmp_path, asked=(True,) * 5, waited=0.8, apart=0.1)
    assert not any(v.cause == "listener-closed" and v.confidence in {"likely", "certain"} for v in found)


def test_a_crowd_that_is_turned_away_did_not_wait(tmp_path):
    found = verdicts(tmp_path, asked=(False,) * 6, waited=-0.04)
    assert "listener-closed" not in {verdict.cause for verdict in found}
