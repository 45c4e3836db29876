"""curl stops waiting after --max-time, and the answer comes later.

The server is slow. curl closes after exactly the time that it was told, with a FIN, since nothing is unread; when the
answer comes, the client's kernel has no program for it and resets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="curl --max-time against a slow server", causes=("application-timeout",), needs=("curl",), seconds=4
)


def run(bench: Bench) -> None:
    """Let curl ask, and answer after it has gone."""
    listener = bench.listen()
    address, port = listener.getsockname()[:2]
    seconds = bench.rng.choice((1, 2))
    url = f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"
    curl = bench.program(bench.client, ("curl", "-s", "--max-time", str(seconds), url))
    far = bench.accept(listener)
    far.recv(4096)
    ends = far.getpeername()[1], port
    bench.truth(ends, "client", "application-timeout", "passive", f"curl --max-time {seconds}, then the answer")
    bench.notes.append(f"curl ended with status {curl.wait(timeout=10)}")
    bench.settle(bench.rng.uniform(0.1, 0.8))
    far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    bench.settle()
    try:
        far.sendall(b"more")
    except OSError as error:
        bench.failed("server", error)
    far.close()
