"""TLS's goodbye comes when the peer has closed.

The server answers, says close_notify and closes its socket at once. The client says close_notify, too, as the standard
asks; that record finds nobody and is answered with a reset. The answer is complete, and nothing is lost.
"""

from __future__ import annotations

import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import certificate

if TYPE_CHECKING:
    import socket

    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="close_notify after the peer closed", causes=("tls-close-notify-after-close",), needs=("openssl",)
)


def run(bench: Bench) -> None:
    """One request over TLS; the server closes first, the client says goodbye later."""
    accepting, dialing = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    cert, key = certificate(bench)
    accepting.load_cert_chain(cert, key)
    dialing.load_verify_locations(cert)
    if bench.rng.random() < 0.4:  # noqa: PLR2004 - an older client in four of ten
        dialing.maximum_version = ssl.TLSVersion.TLSv1_2
    near, far = bench.pair()
    bench.truth(
        near, "server", "tls-close-notify-after-close", "passive", "close_notify after the server's close()"
    )  # fmt: skip
    served = threading.Thread(target=_serve, args=(accepting, far, bench.rng.randbytes(bench.rng.randrange(10, 5000))))
    served.start()
    with dialing.wrap_socket(near, server_hostname="lab.example") as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\nConnection: close\r\n\r\n")
        while client.recv(65536):
            pass
        served.join()
        bench.settle(bench.rng.uniform(0.03, 0.2))
        with suppress(OSError):
            client.unwrap()
        bench.settle()


def _serve(context: ssl.SSLContext, far: socket.socket, body: bytes) -> None:
    """Answer once, say goodbye and close without waiting for the client's."""
    with context.wrap_socket(far, server_side=True) as server:
        server.recv(4096)
        server.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        server.setblocking(False)
        with suppress(ssl.SSLWantReadError):
            server.unwrap()
