from __future__ import annotations

import pytest

from whyrst.analysis import analyze
from whyrst.lab.wire import Capture, Host, payloads


@pytest.mark.parametrize("heard", [False, True])
def test_an_abort_that_had_not_heard_of_the_fin_is_no_end_by_both(tmp_path, heard):
    capture = Capture("client", seed=6)
    talk = capture.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=5), 40100, 7000, rtt=0.02)
    talk.handshake()
    talk.exchange(payloads.http_request("/"), payloads.http_answer(200))
    fin = talk.server.fin()
    talk.client.fin(at=fin.sent + 0.0101)
    talk.server.abort(at=fin.sent + (0.0301 if heard else 0.001))
    capture.write(tmp_path / "capture.pcap")
    (verdict,) = analyze(tmp_path / "capture.pcap").verdicts
    assert (verdict.cause == "benign-teardown") == heard
