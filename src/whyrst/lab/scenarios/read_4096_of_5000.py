"""A server reads at most 4096 bytes and closes; its client had sent 5000.

The remaining 904 bytes are in the receive buffer when the server closes, so the kernel sends a reset. Sometimes the
client has closed before, as the simplest client does that exits when it has written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="the server reads 4096 of 5000 bytes and closes", causes=("close-with-unread-data",))
SENT, READ = 5000, 4096


def run(bench: Bench) -> None:
    """Write 5000 bytes, read 4096 of them, close."""
    near, far = bench.pair()
    near.sendall(bench.rng.randbytes(SENT))
    gone = bench.rng.random() < 0.4  # noqa: PLR2004 - four clients of ten do not wait
    if gone:
        near.close()
    bench.settle(bench.rng.uniform(0.03, 0.3))
    got = len(far.recv(READ))
    ends = far.getpeername()[1], far.getsockname()[1]
    how = f"close() with {SENT - got} of {SENT} bytes unread"
    bench.truth(ends, "server", "close-with-unread-data", "active", how, also=("application-abort",))
    far.close()
    bench.settle()
    if not gone:
        try:
            near.recv(100)
        except OSError as error:
            bench.failed("client", error)
        near.close()
