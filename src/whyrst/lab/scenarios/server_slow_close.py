"""Control: the client has said all and closes its direction; the server takes its time, answers, and closes, too."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="a server that closes late, no reset", causes=(), seconds=4.0)


def run(bench: Bench) -> None:
    """Half-close, wait, answer, close; and once a server that leaves an idle connection after a while."""
    listener = bench.listen()
    near, far = bench.pair(listener)
    idle, idler = bench.pair(listener)
    bench.exchange(idle, idler)
    near.sendall(b"GET /slow HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    near.shutdown(socket.SHUT_WR)
    far.recv(65536)
    bench.settle(bench.rng.uniform(1.5, 3.0))
    if bench.rng.random() < 0.5:  # noqa: PLR2004 - half of them
        far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    far.close()
    while near.recv(65536):
        pass
    near.close()
    idler.close()
    bench.settle(bench.rng.uniform(0.05, 0.5))
    idle.recv(1)
    idle.close()
