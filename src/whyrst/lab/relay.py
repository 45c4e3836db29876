"""A router in user space: forwards between the client's and the server's link with delay, loss and changes.

It works on every kernel with packet sockets (no netem needed) and can do what a kernel's router cannot: forge, lose
chosen packets, forget idle connections, shift sequence numbers. A hook sees each IP packet and returns what to send on.
"""

from __future__ import annotations

import heapq
import itertools
import select
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from whyrst.lab.network import Network

ETH_P_ALL = 0x0003
PACKET_OUTGOING = 4
V4, V6 = 0x0800, 0x86DD
ETHERNET = 14
TTL_AT = {V4: 8, V6: 7}

Direction = Literal["to-server", "to-client"]


class Packet(NamedTuple):
    """One IP packet on its way.

    Attributes:
        direction: where it goes.
        data: the packet from its IP header on.
        delay: seconds until it is sent on.
    """

    direction: Direction
    data: bytes
    delay: float


Hook = "Callable[[Packet], Iterable[Packet]]"
"""Takes a packet; yields what to send: itself, others, or nothing."""


class Relay:
    """Forwards until `stop`. The kernel's own forwarding must be off (`Network(forward=False)`).

    Args:
        network: the hosts.
        delay: one-way delay in seconds, of each direction.
        hook: sees each packet first.
    """

    def __init__(
        self, network: Network, *, delay: float = 0.0, hook: Callable[[Packet], Iterable[Packet]] | None = None
    ) -> None:
        self.delay = delay
        self.hook = hook
        self._sockets: dict[Direction, socket.socket] = {}
        self._macs: dict[Direction, bytes] = {}
        directions: tuple[tuple[Direction, str], ...] = (("to-client", "client"), ("to-server", "server"))
        for direction, name in directions:
            with network.router:
                raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            raw.bind((f"to-{name}", ETH_P_ALL))
            self._sockets[direction] = raw
            host = network.client if name == "client" else network.server
            self._macs[direction] = _mac(network, name, host.read("dev")) + raw.getsockname()[4]
        self._queue: list[tuple[float, int, Direction, bytes]] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._wake, self._woken = socket.socketpair()
        self._done = False
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def send(self, packet: Packet) -> None:
        """Put a packet on its way, with its delay but past the hook."""
        with self._lock:
            heapq.heappush(
                self._queue, (time.monotonic() + packet.delay, next(self._numbers), packet.direction, packet.data)
            )
        self._wake.send(b"x")

    def stop(self) -> None:
        """End the relay; what is still on its way is lost."""
        self._done = True
        self._wake.send(b"x")
        self._thread.join()
        for each in (*self._sockets.values(), self._wake, self._woken):
            each.close()

    def _run(self) -> None:
        arriving = {self._sockets["to-client"]: "to-server", self._sockets["to-server"]: "to-client"}
        while not self._done:
            with self._lock:
                wait = max(0.0, self._queue[0][0] - time.monotonic()) if self._queue else 0.2
            ready, _, _ = select.select([*arriving, self._woken], [], [], wait)
            for source in ready:
                if source is self._woken:
                    source.recv(4096)
                    continue
                frame, sender = source.recvfrom(65536)
                if sender[2] != PACKET_OUTGOING:
                    self._take(arriving[source], sender[1], frame)  # type: ignore[arg-type]
            self._deliver()

    def _take(self, direction: Direction, kind: int, frame: bytes) -> None:
        if kind not in TTL_AT or not _routed(kind, frame[ETHERNET:]):
            return
        at = TTL_AT[kind]
        data = bytearray(frame[ETHERNET:])
        if data[at] <= 1:
            return
        data[at] -= 1
        if kind == V4:
            data[10:12] = b"\0\0"
            data[10:12] = checksum(bytes(data[: (data[0] & 15) * 4])).to_bytes(2, "big")
        packet = Packet(direction, bytes(data), self.delay)
        for out in self.hook(packet) if self.hook else (packet,):
            self.send(out)

    def _deliver(self) -> None:
        now = time.monotonic()
        while True:
            with self._lock:
                if not self._queue or self._queue[0][0] > now:
                    return
                _, _, direction, data = heapq.heappop(self._queue)
            kind = V6 if data[0] >> 4 == 6 else V4  # noqa: PLR2004 - IP version
            self._sockets[direction].send(self._macs[direction] + struct.pack(">H", kind) + data)


def _routed(kind: int, data: bytes) -> bool:
    """Whether a packet goes through the router: unicast to another network, no neighbour discovery."""
    if kind == V4:
        return len(data) >= 20 and data[16] < 224  # noqa: PLR2004 - IPv4 header, multicast
    return len(data) >= 40 and data[24] not in {0xFF, 0xFE} and data[8] != 0xFE  # noqa: PLR2004 - IPv6 header


def checksum(data: bytes) -> int:
    """Internet checksum, RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def _mac(network: Network, name: str, _: str) -> bytes:
    """MAC address of a host's eth0."""
    host = network.client if name == "client" else network.server
    with host, socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as probe:
        probe.bind(("eth0", 0))
        address: bytes = probe.getsockname()[4]
        return address
