"""A device reads the server name in a TLS ClientHello and forges resets. The real server goes on with its handshake."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.scenarios.forged_after_http_get import Censor

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="resets forged on seeing a TLS server name",
    causes=("dpi-injection", "connection-gone"),
    forward=False,
    needs=("openssl",),
)
NAME = "forbidden.example"


def run(bench: Bench) -> None:
    """Shake hands with a harmless name, then with the forbidden one."""
    censor = Censor(bench, NAME.encode())
    bench.relay(delay=censor.delay, hook=censor)
    with TemporaryDirectory(prefix="whyrst-lab-") as folder:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(*_certificate(bench, Path(folder)))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    if bench.rng.random() < 0.3:  # noqa: PLR2004 - some still speak TLS 1.2
        client.maximum_version = ssl.TLSVersion.TLSv1_2
    listener = bench.listen(port=443)
    for name in ("allowed.example", NAME):
        near, far = bench.pair(listener)
        # Acknowledge with the answer only, so that a reset behind the hello leaves nothing on its way.
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        serving = threading.Thread(target=_serve, args=(server, far))
        serving.start()
        try:
            with client.wrap_socket(near, server_hostname=name) as secure:
                secure.sendall(b"GET / HTTP/1.1\r\n\r\n")
                secure.recv(100)
                secure.unwrap()
        except OSError as error:
            bench.failed("client", error)
        serving.join()
    bench.settle(0.15)
    censor.truths(bench, "the ClientHello")


def _serve(context: ssl.SSLContext, far: socket.socket) -> None:
    """Answer one request, not before a reset behind the hello could arrive."""
    with suppress(OSError):
        far.recv(1, socket.MSG_PEEK)
    time.sleep(0.01)
    with suppress(OSError), context.wrap_socket(far, server_side=True) as secure:
        secure.recv(1000)
        secure.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        secure.unwrap()


def _certificate(bench: Bench, folder: Path) -> tuple[Path, Path]:
    """A certificate of the server's own, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    bench.server.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=lab.example", "-keyout", str(key), "-out", str(certificate),
    )  # fmt: skip
    return certificate, key
