"""A program disconnects its socket with connect(AF_UNSPEC).

For TCP that is an abort: the kernel resets the connection and the socket can be used anew, which some programs do to
connect again without a new descriptor. On the wire it is an abort like any other.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="connect() with AF_UNSPEC", causes=("socket-disconnect",))
_libc = ctypes.CDLL(None, use_errno=True)


def run(bench: Bench) -> None:
    """Exchange, disconnect, and perhaps connect again with the same socket."""
    listener = bench.listen()
    near, far = bench.pair(listener)
    bench.exchange(near, far, bench.rng.randrange(1, 4))
    bench.settle(bench.rng.uniform(0.03, 0.3))
    bench.truth(near, "client", "socket-disconnect", "active", "connect(AF_UNSPEC)", also=("application-abort",))
    _libc.connect(near.fileno(), bytes(16), 16)
    bench.settle()
    try:
        far.recv(100)
    except OSError as error:
        bench.failed("server", error)
    far.close()
    if bench.rng.random() < 0.5:  # noqa: PLR2004 - half
        near.connect(listener.getsockname()[:2])
        again = bench.accept(listener)
        bench.exchange(near, again)
        near.close()
        bench.settle()
        again.close()
