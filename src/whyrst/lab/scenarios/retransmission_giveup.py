"""The path dies, one end repeats its data until its limit of repeats (tcp_retries2, lowered), then the path is back.

Linux gives up without a word. The other end does not know, speaks when the path works again, and gets a passive reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.lab import path
from whyrst.lab.scenario import Scenario

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="repeated until tcp_retries2, then silent; the peer speaks later",
    causes=("retransmission-timeout",),
    needs=("nft",),
    seconds=4.0,
)


def run(bench: Bench) -> None:
    """Cut the path, let one end give up, mend the path, let the other end speak."""
    near, far = bench.pair()
    bench.exchange(near, far, bench.rng.randrange(1, 4))
    name, quitter, other = bench.rng.choice((("client", near, far), ("server", far, near)))
    host = bench.client if name == "client" else bench.server
    host.sysctl("net.ipv4.tcp_retries2", 2)
    # Only where the repeats were recorded, the wire can tell why the connection is gone. The router records on the
    # server's side of what it drops.
    unseen = ("undetermined",)
    at_client, beyond = ((), unseen) if name == "client" else (unseen, ())
    bench.truth(
        near, name, "retransmission-timeout", "passive", f"{name} gave up after tcp_retries2; then the peer spoke",
        also=("user-timeout",), client=at_client, router=beyond, server=beyond,
    )  # fmt: skip
    with path.dead(bench.router):
        quitter.sendall(bench.rng.randbytes(bench.rng.randrange(10, 1000)))
        try:
            quitter.recv(1)
        except OSError as error:
            bench.failed(name, error)
        bench.settle(bench.rng.uniform(1.4, 2.0))
    other.sendall(b"still there?\n")
    try:
        other.recv(1)
    except OSError as error:
        bench.failed("other end", error)
