"""A device between client and server forgets idle connections.

It keeps a table with a timeout; then it answers the next segment in the name of the host that it was meant for, or
resets both ends when the timeout comes. The timeout is short here, so that runs are; `nat_idle_long` waits for a
constant of real devices. After so short a silence nothing on the wire tells an idle timer from another reason why a
device should reset.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from whyrst.lab import forge
from whyrst.lab.relay import Packet
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire.segment import RST

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from whyrst.lab.bench import Bench
    from whyrst.lab.relay import Relay

SCENARIO = Scenario(
    title="a NAT or balancer that forgets idle connections (after a short time)",
    causes=("idle-timeout",),
    forward=False,
    seconds=4.0,
)


class Forgetful(forge.Tap):
    """A device that keeps connections for a while.

    Attributes:
        timeout: seconds of silence after which a connection is forgotten.
        ttl: initial TTL of its own packets.
    """

    def __init__(self, timeout: float, ttl: int) -> None:
        super().__init__()
        self.timeout, self.ttl = timeout, ttl
        self._heard: dict[frozenset[int], float] = {}
        self._gone: set[frozenset[int]] = set()

    def __call__(self, packet: Packet) -> Iterator[Packet]:
        """Pass a packet on, or answer it with a reset when its connection was forgotten."""
        seen = forge.look(packet.data)
        if seen is None:
            yield packet
            return
        key, now = frozenset(seen.header.ports), time.monotonic()
        if now - self._heard.setdefault(key, now) > self.timeout:
            self._gone.add(key)
        self._heard[key] = now
        if key not in self._gone:
            self.note(packet.data)
            yield packet
        elif not seen.header.flags & RST:
            there, here = seen.header.ports
            answer = self.forge(
                (here, there), step=seen.header.ack - self.expected((here, there)), ttl=self.ttl, flow=0
            )
            yield Packet("to-client" if packet.direction == "to-server" else "to-server", answer, 0.0)

    def reset_both(self, relay: Relay, near: socket.socket) -> None:
        """Tell both ends of a connection that it is over."""
        here, there = forge.ends(near)
        relay.send(Packet("to-client", self.forge((there, here), ttl=self.ttl), 0.0))
        relay.send(Packet("to-server", self.forge((here, there), ttl=self.ttl), 0.0))


def run(bench: Bench) -> None:
    """Let connections be silent for longer than the device remembers them."""
    play(bench, bench.rng.uniform(1.0, 2.0), also=("firewall-reject",), itself=("forged-reset",))


def play(bench: Bench, timeout: float, *, also: tuple[str, ...] = (), itself: tuple[str, ...] = ()) -> None:
    """Open connections, keep one of them busy, leave the others idle.

    Args:
        bench: the bench.
        timeout: of the device, seconds.
        also: ids that are right, too, when it answers.
        itself: ids that are right, too, when it resets both ends by itself.
    """
    device = Forgetful(timeout, bench.rng.choice((64, 255)))
    relay = bench.relay(delay=bench.rng.uniform(0.001, 0.02), hook=device)
    listener = bench.listen()
    pairs = [bench.pair(listener) for _ in range(bench.rng.randrange(2, 4))]
    busy, served = bench.pair(listener)
    for near, far in pairs:
        bench.exchange(near, far, bench.rng.randrange(1, 3))
    bench.settle()
    end = time.monotonic() + timeout
    if bench.rng.random() < 0.4:  # noqa: PLR2004 - some devices speak up
        for near, _ in pairs:
            for name in ("client", "server"):
                bench.truth(
                    near, name, "idle-timeout", "firewall", f"the device reset both ends after {timeout:.1f} s",
                    also=itself, may_be_unseen=True,
                )  # fmt: skip
        _wait(bench, end, busy, served)
        for near, _ in pairs:
            device.reset_both(relay, near)
            bench.settle(0.01)
    else:
        for near, _ in pairs:
            bench.truth(
                near, "server", "idle-timeout", "firewall", f"the device forgot it after {timeout:.1f} s", also=also,
                may_be_unseen=True,
            )  # fmt: skip
        _wait(bench, end + bench.rng.uniform(0.1, 0.5), busy, served)
        for near, _ in pairs:
            near.sendall(b"GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n")
            bench.settle(bench.rng.uniform(0.01, 0.1))
    for near, _ in pairs:
        try:
            near.recv(1)
        except OSError as error:
            bench.failed("client", error)
    bench.exchange(busy, served)


def _wait(bench: Bench, end: float, busy: socket.socket, served: socket.socket) -> None:
    """Wait, while the busy connection goes on."""
    speaker = threading.Event()
    while time.monotonic() < end:
        bench.exchange(busy, served)
        speaker.wait(max(0.0, min(0.5, end - time.monotonic())))
