"""A receiver stops reading and its window closes. Then either the sender gives up, or the receiver closes unread.

The sender's program limits how long a write may take (5 s) and aborts: its reset meets a closed window. On another
connection the receiver's program ends first, with all the data unread: its reset shows the window jump.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    import socket

    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a receiver that does not read: the sender gives up, or the receiver closes",
    causes=("zero-window-giveup", "close-with-unread-data"),
    seconds=6.5,
)
LIMIT = 5.0
"""Seconds that the sender's program waits."""


def run(bench: Bench) -> None:
    """Fill two connections; one is given up by its sender, one closed by its receiver."""
    listener = bench.listen()
    filled = []
    for writer in ("client", "server"):
        near, far = bench.pair(listener)
        bench.exchange(near, far)
        filled.append((writer, near, *((near, far) if writer == "client" else (far, near))))
    bench.rng.shuffle(filled)
    for _, _, source, _ in filled:
        _fill(source)
    start = time.monotonic()
    writer, near, source, _ = filled[0]
    reader, other, _, sink = filled[1]
    reader = "server" if reader == "client" else "client"
    bench.settle(bench.rng.uniform(0.5, 2.0))
    bench.truth(other, reader, "close-with-unread-data", "active", "close() of the receiver with a full buffer")
    sink.close()
    bench.settle(LIMIT - (time.monotonic() - start))
    bench.truth(near, writer, "zero-window-giveup", "active", f"the {writer} gave up writing after {LIMIT:.0f} s")
    bench.linger_zero(source)
    source.close()
    bench.settle()


def _fill(source: socket.socket) -> None:
    """Write until nothing fits any more."""
    source.setblocking(False)
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        try:
            source.send(bytes(65536))
        except BlockingIOError:
            time.sleep(0.01)
