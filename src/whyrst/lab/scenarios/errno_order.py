"""What a program sees after a reset: ECONNRESET once, then EPIPE, and SIGPIPE.

The server closes with unread bytes. The client's next write fails with ECONNRESET, each further one with EPIPE. A
second client that does not ignore SIGPIPE is killed by it at the second write.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="ECONNRESET, then EPIPE and SIGPIPE", causes=("close-with-unread-data",), seconds=2)
CLIENT = """
import contextlib, signal, socket, sys, time
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
end = socket.create_connection((sys.argv[1], int(sys.argv[2])))
end.sendall(b"never read")
sys.stdin.readline()
with contextlib.suppress(ConnectionResetError):
    end.sendall(b"gets ECONNRESET")
end.sendall(b"gets SIGPIPE")
"""


def run(bench: Bench) -> None:
    """Reset two clients and let each write twice."""
    listener = bench.listen()
    near, far = bench.pair(listener)
    near.sendall(bench.rng.randbytes(bench.rng.randrange(1, 500)))
    bench.settle(bench.rng.uniform(0.03, 0.2))
    how = "close() with bytes unread"
    bench.truth(near, "server", "close-with-unread-data", "active", how, also=("application-abort",))
    far.close()
    bench.settle()
    for _ in range(2):
        try:
            near.sendall(b"again")
        except OSError as error:
            bench.failed("client", error)
    near.close()
    target = bench.address(), listener.getsockname()[1]
    child = bench.program(
        bench.client, (sys.executable, "-c", CLIENT, target[0], str(target[1])), stdin=subprocess.PIPE
    )
    far = bench.accept(listener)
    bench.settle(0.1)
    ends = far.getpeername()[1], target[1]
    bench.truth(ends, "server", "close-with-unread-data", "active", how, also=("application-abort",))
    far.close()
    bench.settle()
    child.communicate(b"go on\n", timeout=5)
    bench.errors.setdefault("client", []).append(signal.Signals(-child.returncode).name)
