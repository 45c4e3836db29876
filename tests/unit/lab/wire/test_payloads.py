from __future__ import annotations

import shutil
import subprocess

import pytest

from whyrst.lab.wire import Capture, Host, payloads


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize(
    ("port", "data", "field", "value"),
    [
        (443, payloads.client_hello("www.example.net"), "tls.handshake.extensions_server_name", "www.example.net"),
        (443, payloads.server_hello(100), "tls.handshake.type", "2"),
        (443, payloads.tls_alert(2, 40), "tls.alert_message.desc", "40"),
        (80, payloads.http_request("/x"), "http.request.uri", "/x"),
        (80, payloads.http_answer(10, "404 Not Found"), "http.response.code", "404"),
        (445, payloads.smb_negotiate(), "smb2.cmd", "0"),
    ],
)
def test_the_protocol_is_read_back(tmp_path, port, data, field, value):
    capture = Capture()
    one = capture.conversation(Host("192.0.2.10"), Host("198.51.100.7"), 40000, port)
    one.handshake()
    side = one.server if b"HTTP/1.1 404" in data or field == "tls.handshake.type" else one.client
    side.send(data)
    capture.write(tmp_path / "a.pcap")
    command = [
        "tshark",
        "-r",
        tmp_path / "a.pcap",
        "-Y",
        "tcp.len>0",
        "-T",
        "fields",
        "-e",
        field,
        "-e",
        "_ws.malformed",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == value


def test_sizes_are_those_of_real_ones():
    assert len(payloads.client_hello("www.example.net")) == 517
    assert len(payloads.tls_sealed_alert()) == 31
