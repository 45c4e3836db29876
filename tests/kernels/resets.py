"""Runs inside a kernel under test, as root: makes resets on loopback and tells what `whyrst trace` says of them.

Prints one JSON object a line: `probe` for each probe, `scenario`, `reset` for each verdict, and at the end `counted`.
A scenario is named after the cause that its reset must be given. `tools/test_kernels.py` starts it and compares.
"""

from __future__ import annotations

import json
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from whyrst.kernel.tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Callable

SETTLE = 0.3  # seconds; an emulated processor is slow
CLOSED_PORT = 9
ABORT = struct.pack("ii", 1, 0)  # struct linger: on, no time
REQUEST = b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"
TRACE = [sys.executable, "-m", "whyrst.cli", "trace", "--json"]


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection: client, server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


def refused(family: socket.AddressFamily, address: str) -> int:
    with socket.socket(family) as client:
        client.bind((address, 0))
        client.connect_ex((address, CLOSED_PORT))
        return client.getsockname()[1]


def closed_port() -> int:
    return refused(socket.AF_INET, "127.0.0.1")


def closed_port_v6() -> int:
    return refused(socket.AF_INET6, "::1")


def close_with_unread_data() -> int:
    client, server = pair()
    client.sendall(REQUEST)
    return end(client, server)


def linger_zero() -> int:
    client, server = pair()
    client.sendall(REQUEST)
    server.recv(len(REQUEST))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    return end(client, server)


def data_after_close() -> int:
    client, server = pair()
    client.sendall(REQUEST)
    server.recv(len(REQUEST))
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return end(client, server, REQUEST)


def end(client: socket.socket, server: socket.socket, late: bytes = b"") -> int:
    """Closes the server's end, lets the client send once more, and tells the client's port."""
    time.sleep(SETTLE)
    server.close()
    time.sleep(SETTLE)
    port = client.getsockname()[1]
    if late:
        client.sendall(late)
        time.sleep(SETTLE)
    client.close()
    return port


SCENARIOS: dict[str, Callable[[], int]] = {
    "port-closed": closed_port,
    "port-closed, IPv6": closed_port_v6,
    "close-with-unread-data": close_with_unread_data,
    "linger-zero": linger_zero,
    "data-after-close": data_after_close,
}
"""What makes a reset, and tells the client's port."""


def tell(what: str, **values: object) -> None:
    print(json.dumps({"what": what, **values}), flush=True)  # noqa: T201 - read by tools/test_kernels.py


def resets_sent() -> int:
    """The kernel's own count of resets sent, IPv4 and IPv6 together."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp"))
    return int(values[names.index("OutRsts")])


def verdicts() -> tuple[dict[int, str], str]:
    """Runs all scenarios under `whyrst trace`; returns each one's port, and what the command wrote."""
    with subprocess.Popen(TRACE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        begun = command.stderr.readline()
        assert "tracing" in begun, begun + command.stderr.read()
        ports = {act(): name for name, act in SCENARIOS.items()}
        time.sleep(SETTLE)
        command.send_signal(signal.SIGINT)
        said, complaint = command.communicate()
        assert said, complaint
        return ports, said


def main() -> None:
    before = resets_sent()
    with Tracer() as tracer:
        for name, ability in tracer.abilities.items():
            tell("probe", name=name, programs=ability.programs, how=ability.how, misses=ability.misses)
        for name in SCENARIOS:
            tell("scenario", name=name)
        ports, said = verdicts()
        for verdict in map(json.loads, said.splitlines()):
            kernel = verdict["kernel"]
            tell(
                "reset", scenario=ports.get(int(verdict["connection"]["client"].rpartition(":")[2]), "another"),
                kind=kernel["socket"]["kind"], reason=kernel["reason"], cause=verdict["cause"],
                confidence=verdict["confidence"], mechanism=verdict["reset"]["mechanism"],
            )  # fmt: skip
        tracer.poll()
        total = tracer.totals()["sent"]
    tell("counted", kernel=resets_sent() - before, seen=total.seen, delivered=total.delivered)


main()
