"""A hop drops large packets without an ICMP message; small ones pass. Then a program or TCP gives up.

Downloads: the request passes, the full segments of the answer do not, and the client stops waiting after a round time,
or the server's TCP gives up and the client speaks once more. Uploads: the head passes, the body does not.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Packet

SCENARIO = Scenario(
    title="a hop drops large packets silently",
    causes=("mtu-blackhole",),
    forward=False,
    seconds=4.5,
)


def run(bench: Bench) -> None:
    """Drop what is larger than a tunnel's MTU, in one of three uses of the connection."""
    limit = bench.rng.choice((1280, 1400, 1420, 1476)) if bench.family == 4 else bench.rng.choice((1320, 1420, 1440))  # noqa: PLR2004 - IP version

    def narrow(packet: Packet) -> Iterator[Packet]:
        if len(packet.data) <= limit:
            yield packet

    bench.relay(delay=bench.rng.uniform(0.002, 0.03), hook=narrow)
    near, far = bench.pair()
    near.sendall(b"HEAD / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    far.recv(65536)
    far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    near.recv(65536)
    bench.rng.choice((_download, _silent_server, _upload))(bench, near, far)


def _download(bench: Bench, near: socket.socket, far: socket.socket) -> None:
    """The client waits a round time for the answer and aborts; it cannot see what was lost on the way to it."""
    wait = bench.rng.choice((2, 3))
    bench.truth(
        near, "client", "mtu-blackhole", "active", f"large answer lost, client gave up after {wait} s", nth=1,
        client=("application-timeout",),
    )  # fmt: skip
    near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    end = time.monotonic() + wait
    far.recv(65536)
    far.sendall(_answer(bench, far))
    bench.settle(max(0.0, end - time.monotonic()))
    bench.linger_zero(near)
    near.close()
    bench.settle(0.2)


def _silent_server(bench: Bench, near: socket.socket, far: socket.socket) -> None:
    """The server's TCP gives up without a word; the client's next request is reset."""
    bench.server.sysctl("net.ipv4.tcp_retries2", 2)
    bench.truth(
        near, "server", "mtu-blackhole", "passive", "large answer lost, the server's TCP gave up; the client spoke",
        client=("undetermined",), may_be_unseen=True,
    )  # fmt: skip
    near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    far.recv(65536)
    far.sendall(_answer(bench, far))
    try:
        far.recv(1)
    except OSError as error:
        bench.failed("server", error)
    bench.settle(bench.rng.uniform(1.2, 1.8))
    near.sendall(b"GET /again HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    bench.settle(0.2)


def _upload(bench: Bench, near: socket.socket, far: socket.socket) -> None:
    """The client's body is lost; the client gives up."""
    bench.truth(
        near, "client", "mtu-blackhole", "active", "large body lost, the client aborted", nth=1,
        router=("application-abort", "undetermined"), server=("application-abort", "undetermined"),
    )  # fmt: skip
    bench.truth(
        near, "client", "connection-gone", "passive", "the server, behind the reset's number, had asked back",
        may_be_unseen=True,
    )  # fmt: skip
    near.sendall(b"POST / HTTP/1.1\r\nHost: lab.example\r\nContent-Length: 20000\r\n\r\n")
    far.recv(65536)
    near.sendall(bytes(20000))
    bench.settle(1.0)
    far.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
    bench.settle(bench.rng.choice((1, 2)))
    bench.linger_zero(near)
    near.close()
    bench.settle(0.2)


def _answer(bench: Bench, far: socket.socket) -> bytes:
    """A few full segments and a small one."""
    full = far.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    return bytes(full * bench.rng.randrange(3, 7) + bench.rng.randrange(10, 800))
