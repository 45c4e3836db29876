"""A device reads along, sees a forbidden name or word in a request, and forges resets. The real server answers anyway.

Its answer meets a client without that connection. Some devices reset the server, too; then it never speaks.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.relay import Packet
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire.segment import ACK, RST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench

SCENARIO = Scenario(
    title="resets forged on seeing an HTTP request", causes=("dpi-injection", "connection-gone"), forward=False
)


class Censor(forge.Tap):
    """Forges resets when a payload to the server contains a word.

    Attributes:
        word: what it looks for.
        fired: ports of the connection that it cut.
        delay: of the path behind it, seconds.
    """

    def __init__(self, bench: Bench, word: bytes) -> None:
        super().__init__()
        rng = bench.rng
        self.word = word
        self.delay = 0.02
        self.fired: tuple[int, int] | None = None
        self.count = rng.randrange(1, 4)
        self.both = rng.random() < 0.5  # noqa: PLR2004 - half of them
        self.flags = rng.choice((RST, RST | ACK))
        self.rising = rng.random() < 0.5  # noqa: PLR2004 - half of them
        self.ttl, self.ip_id, self.window = rng.randrange(70, 120), rng.randrange(1, 60_000), rng.randrange(900, 4000)

    def __call__(self, packet: Packet) -> Iterator[Packet]:
        """Pass everything on, and on the word the resets beside it."""
        self.note(packet.data)
        seen = forge.look(packet.data)
        if seen is None or self.fired is not None or packet.direction != "to-server" or self.word not in packet.data:
            yield packet
            return
        self.fired = seen.header.ports
        # Made before the request is let go, so that the server hears of both at once.
        forged = list(self._cut(self.fired))
        yield packet
        yield from forged

    def _cut(self, ports: tuple[int, int]) -> Iterator[Packet]:
        targets = [(ports[::-1], "to-client")] + [(ports, "to-server")] * self.both
        for names, direction in targets:
            for i in range(self.count):
                more = i if self.rising else 0
                data = self.forge(
                    names, flags=self.flags, ttl=self.ttl + more, ip_id=self.ip_id + i, window=self.window + more
                )
                delay = self.delay if direction == "to-server" else 0.0
                yield Packet(direction, data, delay)  # type: ignore[arg-type]

    def truths(self, bench: Bench, what: str) -> None:
        """Write down what it forged, and what followed."""
        if self.fired is None:
            return
        # IPv6 has no ID: one RST,ACK, after which nobody speaks, has its TTL alone to tell it, unless timestamps do.
        weak = bench.family == 6 and self.both and self.count == 1 and bool(self.flags & ACK)  # noqa: PLR2004 - IP version
        for name in ("server", "client") if self.both else ("server",):
            bench.truth(
                self.fired, name, "dpi-injection", "forged", f"{self.count} resets in the {name}'s name on {what}",
                also=("undetermined",) if weak else (), may_be_unseen=True,
            )  # fmt: skip
        if not self.both:
            # Where only the client's answer was captured, nothing tells why its connection is gone.
            bench.truth(
                self.fired, "client", "connection-gone", "passive", "the server's answer met a client that was reset",
                router=("undetermined",), server=("undetermined",),
            )  # fmt: skip


def run(bench: Bench) -> None:
    """Ask for a harmless name, then for the forbidden one."""
    word = bench.rng.choice((b"forbidden.example", b"/secret-word"))
    censor = Censor(bench, word)
    bench.relay(delay=censor.delay, hook=censor)
    listener = bench.listen()
    near, far = bench.pair(listener)
    bench.exchange(near, far)
    near.close()
    far.close()
    near, far = bench.pair(listener)
    # Acknowledge with the answer only, so that a reset behind the request leaves nothing on its way.
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
    near.sendall(b"GET /secret-word HTTP/1.1\r\nHost: forbidden.example\r\n\r\n")
    try:
        far.recv(65536)
        bench.settle(0.01)
        far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        near.recv(65536)
    except OSError as error:
        bench.failed("client", error)
    bench.settle(0.15)
    censor.truths(bench, "the request")
