"""A router translates the client's address and its port (SNAT); the reset of either end is translated, too.

Before and behind the router, the connection has different addresses and ports; sequence numbers stay what they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    import socket

    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="resets through a NAT that changes the client's address and port",
    causes=("close-with-unread-data", "linger-zero", "data-after-close"),
    needs=("nft",),
)
RULES = """table {kind} nat {{
    chain post {{
        type nat hook postrouting priority 100;
        oifname "to-server" meta l4proto tcp snat to {address}:10000-19999
    }}
}}
"""


def run(bench: Bench) -> None:
    """Several connections at once; each ends in another reset."""
    translate(bench)
    listener = bench.listen()
    pairs = [bench.pair(listener) for _ in range(bench.rng.randrange(2, 5))]
    for near, far in pairs:
        bench.exchange(near, far, bench.rng.randrange(1, 4))
    bench.settle(0.1)
    for near, far in pairs:
        bench.rng.choice((_unread, _linger, _late))(bench, near, far)
        bench.settle(bench.rng.uniform(0.03, 0.1))


def translate(bench: Bench) -> None:
    """Let the router give the client its own address towards the server, and another port."""
    four = bench.family == 4  # noqa: PLR2004 - IP version
    address = bench.network.gateway("server", bench.family)
    rules = RULES.format(kind="ip" if four else "ip6", address=address if four else f"[{address}]")
    bench.router.run("nft", "-f", "-", text=rules)


def _unread(bench: Bench, near: socket.socket, far: socket.socket) -> None:
    """The server closes without reading."""
    near.sendall(bench.rng.randbytes(bench.rng.randrange(1, 900)))
    bench.settle()
    bench.truth(
        near, "server", "close-with-unread-data", "active", "close() with data unread, behind a NAT",
        also=("application-abort",), elsewhere=((_behind(far), "server"),),
    )  # fmt: skip
    far.close()


def _linger(bench: Bench, near: socket.socket, far: socket.socket) -> None:
    """The client aborts."""
    bench.truth(
        near, "client", "linger-zero", "active", "close() with SO_LINGER 0, all read, before a NAT",
        also=("application-abort",), elsewhere=((_behind(far), "router"),),
    )  # fmt: skip
    bench.hang_up(near)


def _late(bench: Bench, near: socket.socket, far: socket.socket) -> None:
    """The client writes after the server's close."""
    bench.truth(
        near, "server", "data-after-close", "passive", "a request after the server's close(), through a NAT",
        elsewhere=((_behind(far), "server"),),
    )  # fmt: skip
    far.close()
    bench.settle(bench.rng.uniform(0.1, 0.4))
    near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")


def _behind(far: socket.socket) -> tuple[int, int]:
    """Ports of a connection as the server sees it."""
    return far.getpeername()[1], far.getsockname()[1]
