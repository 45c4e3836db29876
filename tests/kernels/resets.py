"""Runs inside a kernel under test, as root: makes resets on loopback and tells what whyrst saw of them.

Prints one JSON object a line: `probe` for each probe, `scenario`, `reset` for each verdict, and at the end `counted`.
A scenario is named after the cause that its reset must be given.
`tools/test_kernels.py` starts it and compares.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING

from whyrst.kernel.tracer import Tracer
from whyrst.trace.session import verdicts

if TYPE_CHECKING:
    from collections.abc import Callable

SETTLE = 0.3  # seconds; an emulated processor is slow
CLOSED_PORT = 9
ABORT = struct.pack("ii", 1, 0)  # struct linger: on, no time
REQUEST = b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection: client, server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


def refused(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as client:
        client.connect_ex((address, CLOSED_PORT))


def closed_port() -> None:
    refused(socket.AF_INET, "127.0.0.1")


def closed_port_v6() -> None:
    refused(socket.AF_INET6, "::1")


def close_with_unread_data() -> None:
    client, server = pair()
    client.sendall(REQUEST)
    time.sleep(SETTLE)
    server.close()
    time.sleep(SETTLE)
    client.close()


def linger_zero() -> None:
    client, server = pair()
    client.sendall(REQUEST)
    server.recv(len(REQUEST))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    time.sleep(SETTLE)
    server.close()
    time.sleep(SETTLE)
    client.close()


def data_after_close() -> None:
    client, server = pair()
    client.sendall(REQUEST)
    server.recv(len(REQUEST))
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    server.close()
    time.sleep(SETTLE)
    client.sendall(REQUEST)
    time.sleep(SETTLE)
    client.close()


SCENARIOS: dict[str, Callable[[], None]] = {
    "port-closed": closed_port,
    "port-closed, IPv6": closed_port_v6,
    "close-with-unread-data": close_with_unread_data,
    "linger-zero": linger_zero,
    "data-after-close": data_after_close,
}


def tell(what: str, **values: object) -> None:
    print(json.dumps({"what": what, **values}), flush=True)  # noqa: T201 - read by tools/test_kernels.py


def resets_sent() -> int:
    """The kernel's own count of resets sent, IPv4 and IPv6 together."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp"))
    return int(values[names.index("OutRsts")])


def main() -> None:
    before = resets_sent()
    with Tracer() as tracer:
        for name, ability in tracer.abilities.items():
            tell("probe", name=name, programs=ability.programs, how=ability.how, misses=ability.misses)
        for name, act in SCENARIOS.items():
            tell("scenario", name=name)
            act()
            time.sleep(SETTLE)
            for verdict in verdicts(tracer.poll()):
                assert verdict.kernel is not None
                tell(
                    "reset", scenario=name, kind=verdict.kernel.socket["kind"], reason=verdict.kernel.reason,
                    cause=verdict.cause, confidence=verdict.confidence, mechanism=verdict.reset.mechanism,
                )  # fmt: skip
        total = tracer.totals()["sent"]
    tell("counted", kernel=resets_sent() - before, seen=total.seen, delivered=total.delivered)


main()
