"""A server behind haproxy resets its connection.

haproxy on the lab's server host passes requests on to the backend, which closes with bytes unread or with SO_LINGER 0.
The backend's reset is seen beside haproxy only; what the client gets is haproxy's own doing: FIN in TCP mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario
from whyrst.lab.servers import haproxy

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="a backend of haproxy that resets",
    causes=("close-with-unread-data", "linger-zero"),
    needs=("haproxy",),
    seconds=2.0,
)


def run(bench: Bench) -> None:
    """Talk through haproxy, let the backend reset."""
    rng = bench.rng
    listener = bench.listen(bench.backend)
    port = listener.getsockname()[1]
    _, door = haproxy(bench, bench.server, bench.address(), (bench.address(bench.backend), port))
    for _ in range(rng.randrange(1, 4)):
        near = bench.dial((bench.address(), door))
        far = bench.accept(listener)
        bench.exchange(near, far, rng.randrange(1, 3))
        near.sendall(rng.randbytes(500))
        bench.settle(0.05)
        ports = far.getpeername()[1], port
        if rng.random() < 0.5:  # noqa: PLR2004 - half of them
            far.recv(65536)
            bench.linger_zero(far)
            cause, how = "linger-zero", "SO_LINGER 0, all read"
        else:
            cause, how = "close-with-unread-data", "close() with 500 bytes unread"
        bench.truth(ports, "backend", cause, "active", how, also=("application-abort",))
        far.close()
        bench.settle(0.05)
        near.close()
    bench.settle()
