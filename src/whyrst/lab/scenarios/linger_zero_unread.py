"""SO_LINGER with a timeout of zero is set, and bytes are unread, too.

Both make a reset of the close. The kernel looks at the unread bytes first (TCPAbortOnClose); on the wire it is one
segment like any other abort.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="SO_LINGER 0 and unread bytes", causes=("close-with-unread-data",))


def run(bench: Bench) -> None:
    """The server sets SO_LINGER 0 and closes on a request that it has not read."""
    listener = bench.listen()
    for _ in range(bench.rng.randrange(1, 4)):
        near, far = bench.pair(listener)
        bench.exchange(near, far, bench.rng.randrange(3))
        size = bench.rng.randrange(1, 2000)
        near.sendall(bench.rng.randbytes(size))
        bench.settle(bench.rng.uniform(0.03, 0.3))
        bench.linger_zero(far)
        how = f"close() with SO_LINGER 0 and {size} bytes unread"
        bench.truth(
            near, "server", "close-with-unread-data", "active", how, also=("linger-zero", "application-abort")
        )  # fmt: skip
        far.close()
        bench.settle()
        near.close()
