"""A program closes while its receive buffer is full.

The client goes on sending and the server does not read, so its window shrinks. When it closes, Linux empties the
buffer before it writes the reset: the window jumps up, which shows that bytes were thrown away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="close() with a full receive buffer", causes=("close-with-unread-data",))
SPACE = 49_152
"""Bytes of the receive buffer: Linux doubles it and lets half of that be window."""


def run(bench: Bench) -> None:
    """Fill the server's buffer, wholly or for the most part, and close."""
    near, far = bench.pair(bench.listen(SO_RCVBUF=SPACE))
    bench.exchange(near, far, bench.rng.randrange(2))
    size = round(SPACE * bench.rng.uniform(0.8, 2.0))
    near.settimeout(0.2)
    sent = 0
    try:
        while sent < size:
            sent += near.send(bench.rng.randbytes(min(4096, size - sent)))
            bench.settle(0.002)
    except TimeoutError:
        bench.notes.append("the client could not send any more")
    bench.settle(bench.rng.uniform(0.05, 0.4))
    bench.truth(
        near,
        "server",
        "close-with-unread-data",
        "active",
        "close() with the receive buffer full",
        # A window that was not small, and grows at the reset, may as well be that of a read.
        also=("application-abort",),
    )
    far.close()
    bench.settle()
    try:
        near.recv(100)
    except OSError as error:
        bench.failed("client", error)
    near.close()
