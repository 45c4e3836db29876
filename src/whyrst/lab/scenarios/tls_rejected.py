"""A TLS client does not trust the server's certificate.

It says so in an alert and closes. The rest of the server's handshake flight is still unread at that moment, so the
close is a reset.
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

SCENARIO = Scenario(title="a certificate that the client refuses", causes=("tls-rejected",), needs=("openssl",))


def run(bench: Bench) -> None:
    """Handshake with a certificate that nobody signed, or with another host's name."""
    accepting, dialing = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    cert, key = certificate(bench)
    accepting.load_cert_chain(cert, key)
    name = "lab.example"
    if bench.rng.random() < 0.3:  # noqa: PLR2004 - another name in three of ten
        dialing.load_verify_locations(cert)
        name = "other.example"
    if bench.rng.random() < 0.5:  # noqa: PLR2004 - half of the clients are older
        dialing.maximum_version = ssl.TLSVersion.TLSv1_2
    near, far = bench.pair()
    bench.truth(
        near, "client", "tls-rejected", "active", f"the client refused the certificate for {name}",
        live=("close-with-unread-data",),
    )  # fmt: skip
    served = threading.Thread(target=_serve, args=(accepting, far))
    served.start()
    try:
        dialing.wrap_socket(near, server_hostname=name)
    except ssl.SSLCertVerificationError as error:
        bench.errors["client"] = [error.verify_message]
    near.close()
    served.join()


def _serve(context: ssl.SSLContext, far: socket.socket) -> None:
    """Try a handshake."""
    with suppress(OSError), context.wrap_socket(far, server_side=True) as server:
        server.recv(4096)
