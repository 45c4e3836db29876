"""Five numbers are sent, the second is not prime, and the client never learns it.

A client sends five numbers and waits for OK. The server reads two, finds the second not to be prime, answers ERROR and
closes, with three numbers unread. So its close is a reset. The client, busy with its next number, gets ECONNRESET from
the kernel and gives up; the answer that would have told it why is never read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="the server answers ERROR and closes with numbers unread; the client loses the answer",
    causes=("close-with-unread-data",),
)
LINE = 8


def run(bench: Bench) -> None:
    """Play the protocol; every number is one line of eight bytes."""
    near, far = bench.pair()
    pause = bench.rng.uniform(0.0, 0.02)
    for number in (bench.rng.choice((2, 3, 5, 7, 11)), 4, 13, 17, 19):
        near.sendall(b"%7d\n" % number)
        bench.settle(pause)
    bench.settle(bench.rng.uniform(0.03, 0.2))
    for _ in range(2):
        far.recv(LINE)
    far.sendall(b"ERROR\n")
    how = f"close() after ERROR with {3 * LINE} bytes unread"
    bench.truth(near, "server", "close-with-unread-data", "active", how, also=("application-abort",))
    far.close()
    bench.settle()
    try:
        near.sendall(b"%7d\n" % 23)
    except OSError as error:
        bench.failed("client", error)
        bench.notes.append("the client gave up without reading the answer ERROR")
    near.close()
