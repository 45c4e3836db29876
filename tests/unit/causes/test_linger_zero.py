from __future__ import annotations

import pytest

from whyrst.analysis import analyze
from whyrst.lab.wire import Capture, Host


@pytest.mark.parametrize("by", ["client", "server"])
@pytest.mark.parametrize(("apart", "cause"), [(0.0001, "application-abort"), (0.4, "linger-zero")])
def test_connections_that_end_in_one_instant_are_no_habit(tmp_path, by, apart, cause):
    capture = Capture("server", seed=7)
    client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
    for number in range(6):
        talk = capture.conversation(client, server, 40100 + number, 8080, start=0.01 * number)
        talk.handshake()
        talk.exchange(b"ping", b"pong")
        getattr(talk, by).abort(at=2.0 + apart * number)
    capture.write(tmp_path / "capture.pcap")
    assert {verdict.cause for verdict in analyze(tmp_path / "capture.pcap").verdicts} == {cause}


def test_a_rapid_client_that_always_resets_has_a_habit(tmp_path):
    capture = Capture("client", seed=7)
    client, server = Host("192.0.2.10"), Host("198.51.100.7")
    for number in range(6):
        talk = capture.conversation(client, server, 40100 + number, 8080, rtt=0.0001, start=0.001 * number)
        talk.handshake()
        talk.exchange(b"ping", b"pong")
        talk.client.abort()
    capture.write(tmp_path / "capture.pcap")
    assert {verdict.cause for verdict in analyze(tmp_path / "capture.pcap").verdicts} == {"linger-zero"}
