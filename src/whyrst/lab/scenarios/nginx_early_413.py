"""nginx refuses an upload by its size, and the client is slow.

nginx answers 413 as soon as it has seen Content-Length, and throws away what comes, but only for `lingering_time` (30 s
by default, 1 s here). A client that still sends then meets a close with unread bytes, and so a reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import nginx

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="nginx answers 413 and stops reading while the upload goes on",
    causes=("close-with-unread-data",),
    needs=("nginx",),
    seconds=4,
)
SETTINGS = "client_max_body_size 1k; lingering_close off; lingering_time 1s; lingering_timeout 1s;"


def run(bench: Bench) -> None:
    """Upload slowly, without looking at the answer, until the connection is reset."""
    near = bench.dial(nginx(bench, SETTINGS))
    size, pause = bench.rng.randrange(200, 1400), bench.rng.uniform(0.02, 0.1)
    bench.truth(near, "server", "close-with-unread-data", "active", "nginx closed with a part of the upload unread")
    near.sendall(b"POST /upload HTTP/1.1\r\nHost: lab.example\r\nContent-Length: 10000000\r\n\r\n")
    try:
        for _ in range(round(4 / pause)):
            near.sendall(bench.rng.randbytes(size))
            bench.settle(pause)
    except OSError as error:
        bench.failed("client", error)
    near.close()
