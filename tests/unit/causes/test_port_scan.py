from __future__ import annotations

import pytest

from whyrst.analysis import analyze
from whyrst.lab.wire import Capture, Host


@pytest.mark.parametrize(("open_", "searched"), [(12, False), (1, True)])
def test_a_client_whose_ports_are_all_open_knew_them(tmp_path, open_, searched):
    capture = Capture("client", seed=11)
    client, server = Host("192.0.2.10"), Host("198.51.100.7", hops=5)
    for number in range(12):
        talk = capture.conversation(client, server, 40100 + number, 9100 + number, start=0.02 * number)
        if number < open_:
            talk.handshake()
            talk.client.abort()
        else:
            talk.server.refuse(talk.client.syn())
    capture.write(tmp_path / "capture.pcap")
    first = next(iter(analyze(tmp_path / "capture.pcap").verdicts))
    assert (first.cause == "port-scan") == searched
