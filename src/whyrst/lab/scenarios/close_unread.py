"""A few received bytes are unread when the program closes.

The request of the last turn is small and never read, so that the window shows nothing: Linux still must reset, because
a FIN would tell the peer that all went well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="close() with a few bytes unread", causes=("close-with-unread-data",))


def run(bench: Bench) -> None:
    """Either end closes without reading what came last."""
    for _ in range(bench.rng.randrange(1, 3)):
        near, far = bench.pair()
        bench.exchange(near, far, bench.rng.randrange(4))
        sides = ((near, far, "server"), (far, near, "client"))
        writer, closer, name = sides[bench.rng.random() < 0.3]  # noqa: PLR2004 - the client in three of ten
        size = bench.rng.randrange(1, 900)
        writer.sendall(bench.rng.randbytes(size))
        bench.settle(bench.rng.uniform(0.03, 0.4))
        how = f"close() with {size} bytes unread"
        bench.truth(near, name, "close-with-unread-data", "active", how, also=("application-abort",))
        closer.close()
        bench.settle()
        try:
            writer.recv(100)
        except OSError as error:
            bench.failed("client" if name == "server" else "server", error)
        writer.close()
