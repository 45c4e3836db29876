"""An MPTCP connection is aborted as a whole.

A program closes with bytes unread. For a connection over MPTCP that is MP_FASTCLOSE (RFC 8684 section 3.5): the reset
of each subflow carries the peer's key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.mptcp import mptcp_pair
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="MPTCP: close() with unread bytes", causes=("mptcp-reset",))


def run(bench: Bench) -> None:
    """Either end of a connection over MPTCP closes without reading."""
    for _ in range(bench.rng.randrange(1, 3)):
        near, far = mptcp_pair(bench)
        bench.exchange(near, far, bench.rng.randrange(1, 4))
        bench.settle(0.1)
        sides = ((near, far, "server"), (far, near, "client"))
        writer, closer, name = sides[bench.rng.random() < 0.5]  # noqa: PLR2004 - half
        writer.sendall(bench.rng.randbytes(bench.rng.randrange(1, 900)))
        bench.settle(bench.rng.uniform(0.05, 0.3))
        bench.truth(near, name, "mptcp-reset", "active", "close() with bytes unread, over MPTCP: MP_FASTCLOSE")
        closer.close()
        bench.settle(0.1)
        try:
            writer.recv(100)
        except OSError as error:
            bench.failed("client" if name == "server" else "server", error)
        writer.close()
