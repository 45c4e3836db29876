from __future__ import annotations

import shutil
import ssl
import subprocess

import pytest

from agent.receiver import Receiver
from agent.running import finished, number_of, pump

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture
def pair(tmp_path):
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        (
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=whyrst test", "-addext", "subjectAltName=IP:127.0.0.1",
            "-out", certificate, "-keyout", key,
        ),
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def context(pair, *, ask=False):
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(*pair)
    if ask:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(pair[0])
    return made


def config(folder, receiver):
    file = folder / "agent.toml"
    file.write_text(f'[[otlp]]\nurl = "{receiver.url}"\n')
    return file


def test_a_receiver_that_is_trusted_and_asks_for_our_certificate(tmp_path, pair, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(pair[0]))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", str(pair[0]))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", str(pair[1]))
    with Receiver(context=context(pair, ask=True)) as receiver:
        assert finished(tmp_path / "queue", config(tmp_path, receiver), 20) == ""
        assert [number_of(uid) for uid in receiver.uids()] == list(range(1, 21))


def test_a_receiver_that_is_not_trusted_gets_nothing(tmp_path, pair):
    with Receiver(context=context(pair)) as receiver:
        process = pump(tmp_path / "queue", config(tmp_path, receiver), 20)
        try:
            assert b"certificate verify failed" in process.stderr.readline()
        finally:
            process.kill()
            process.communicate()
        assert receiver.records == []
