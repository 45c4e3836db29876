"""HAProxy on the router ends the client's connection and opens its own to the server; one end resets.

A full proxy: two connections with nothing in common but their content and their times. HAProxy aborts the server's side
when the client aborts. When the server aborts, the client gets a FIN, and with `option nolinger` a reset behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import haproxy

if TYPE_CHECKING:
    import socket

    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a full proxy between client and server; one end resets",
    causes=("linger-zero", "close-with-unread-data"),
    needs=("haproxy",),
    seconds=2.0,
)
ABORT = ("application-abort",)


def run(bench: Bench) -> None:
    """Talk through haproxy; let the client or the server reset."""
    listener, outside = bench.listen(), bench.network.gateway("client", bench.family)
    hard = bench.rng.random() < 0.5  # noqa: PLR2004 - half of the runs
    to, option = (bench.address(), listener.getsockname()[1]), "option nolinger" if hard else ""
    _, door = haproxy(bench, bench.router, outside, to, option=option)
    for _ in range(bench.rng.randrange(1, 4)):
        near = bench.dial((outside, door))
        far = bench.accept(listener)
        bench.exchange(near, far, bench.rng.randrange(1, 4))
        bench.settle(0.1)
        if bench.rng.random() < 0.4:  # noqa: PLR2004 - the client in four of ten
            _client_aborts(bench, near, far)
        else:
            _server_aborts(bench, near, far, hard=hard)
        bench.settle(0.1)
        near.close()
        far.close()
        bench.settle(0.05)


def _client_aborts(bench: Bench, near: socket.socket, far: socket.socket) -> None:
    bench.truth(near, "client", "linger-zero", "active", "the client's close() with SO_LINGER 0", also=ABORT)
    how = "haproxy aborted the server's side, because the client had aborted"
    bench.truth(_behind(far), "router", "linger-zero", "active", how, also=ABORT)
    bench.hang_up(near)


def _server_aborts(bench: Bench, near: socket.socket, far: socket.socket, *, hard: bool) -> None:
    if hard:
        how = "haproxy's FIN and reset, because the server had aborted"
        bench.truth(near, "router", "linger-zero", "active", how, also=ABORT)
    if bench.rng.random() < 0.5:  # noqa: PLR2004 - half of them
        near.sendall(bench.rng.randbytes(500))
        bench.settle(0.05)
        how = "close() with 500 bytes unread, behind haproxy"
        bench.truth(_behind(far), "server", "close-with-unread-data", "active", how, also=ABORT)
        far.close()
    else:
        how = "close() with SO_LINGER 0, behind haproxy"
        bench.truth(_behind(far), "server", "linger-zero", "active", how, also=ABORT)
        bench.hang_up(far)


def _behind(far: socket.socket) -> tuple[int, int]:
    """Ports of haproxy's connection to the server."""
    return far.getpeername()[1], far.getsockname()[1]
