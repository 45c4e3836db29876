"""A TLS server wants a certificate of its client, which has none.

In TLS 1.3 the client finishes its handshake before it learns of the refusal, and sends its request in the same flight.
The server's alert is encrypted; then it closes with that request unread, so the close is a reset.
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
    title="a server that refuses a client without certificate", causes=("tls-rejected",), needs=("openssl",)
)


def run(bench: Bench) -> None:
    """Handshake without the certificate that the server demands, and a request at once."""
    accepting, dialing = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    cert, key = certificate(bench)
    accepting.load_cert_chain(cert, key)
    accepting.verify_mode = ssl.CERT_REQUIRED
    dialing.load_verify_locations(cert)
    dialing.minimum_version = ssl.TLSVersion.TLSv1_3
    near, far = bench.pair()
    bench.truth(
        near, "server", "tls-rejected", "active", "the server refused the client, and closed with its Finished unread",
        also=("close-with-unread-data", "application-abort"),
    )  # fmt: skip
    served = threading.Thread(target=_serve, args=(accepting, far))
    served.start()
    try:
        with dialing.wrap_socket(near, server_hostname="lab.example") as client:
            client.recv(4096)
    except ssl.SSLError as error:
        bench.errors["client"] = [error.reason]
    except OSError as error:
        bench.failed("client", error)
    served.join()


def _serve(context: ssl.SSLContext, far: socket.socket) -> None:
    """Try a handshake."""
    with suppress(OSError), context.wrap_socket(far, server_side=True) as server:
        server.recv(4096)
