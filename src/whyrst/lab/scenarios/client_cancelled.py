"""A client closes while the answer is still coming.

It read what had come, then lost interest and closed. The segments that were on their way, and those that the server
sends until it hears of it, are answered with one reset each, all with the same number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="the client closes while the answer arrives", causes=("client-cancelled",), forward=False)


def run(bench: Bench) -> None:
    """Ask, read the first part, close; the rest of the answer crosses the FIN or comes after it."""
    bench.relay(delay=bench.rng.uniform(0.005, 0.03))
    near, far = bench.pair()
    near.sendall(b"GET /large HTTP/1.1\r\nHost: lab.example\r\n\r\n")
    far.recv(4096)
    first = bench.rng.randbytes(bench.rng.randrange(500, 1400))
    far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + first)
    bench.read(near, len(first))
    bench.settle(0.1)
    rest = bench.rng.randbytes(bench.rng.randrange(1, 6) * 1400)
    bench.truth(near, "client", "client-cancelled", "passive", f"close() while {len(rest)} bytes were to come")
    if bench.rng.random() < 0.5:  # noqa: PLR2004 - half of them cross the FIN
        far.sendall(rest)
        near.close()
    else:
        near.close()
        bench.settle(0.1)
        far.sendall(rest)
    bench.settle(0.2)
    try:
        far.sendall(rest)
    except OSError as error:
        bench.failed("server", error)
    far.close()
    bench.settle()
