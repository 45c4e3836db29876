"""What a third party does: read along, and write segments in another host's name.

Nothing here leaves the lab: packets go out through sockets of its namespaces only.
"""

from __future__ import annotations

import socket
import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from whyrst.lab import packets
from whyrst.lab.wire.segment import ACK, RST, SYN, WRAP, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.lab.namespace import Namespace
    from whyrst.lab.relay import Packet

ETH_P_ALL = 0x0003
ETHERNET = 14
V6 = 6


class Seen(NamedTuple):
    """A segment that passed, with what an imitator copies.

    Attributes:
        source, target: address and port.
        header: its numbers.
        ttl: as it passed.
        ip_id: IPv4 identification; 0 in IPv6.
        flow: IPv6 flow label.
        window: window field.
    """

    source: tuple[str, int]
    target: tuple[str, int]
    header: packets.Header
    ttl: int
    ip_id: int
    flow: int
    window: int


def look(data: bytes) -> Seen | None:
    """Read an IP packet; None when it is not TCP."""
    header = packets.read(data)
    if header is None:
        return None
    six = data[0] >> 4 == V6
    start = 40 if six else (data[0] & 15) * 4
    ends = (data[8:24], data[24:40]) if six else (data[12:16], data[16:20])
    source, target = ((str(ip_address(end)), port) for end, port in zip(ends, header.ports, strict=True))
    flow = int.from_bytes(data[1:4], "big") & 0xFFFFF if six else 0
    ip_id = 0 if six else int.from_bytes(data[4:6], "big")
    window: int = struct.unpack_from("!H", data, start + 14)[0]
    return Seen(source, target, header, data[7] if six else data[8], ip_id, flow, window)


class Tap:
    """Reads along, as hook of a relay or with `listen` on a host, and forges what fits."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, int], Seen] = {}
        self._end: dict[tuple[int, int], int] = {}
        self._socket: socket.socket | None = None

    def __call__(self, packet: Packet) -> Iterator[Packet]:
        """Note a packet and let it pass."""
        self.note(packet.data)
        yield packet

    def listen(self, host: Namespace, interface: str = "eth0") -> Tap:
        """Read along at an interface from now on."""
        with host:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.setblocking(False)
        return self

    def stop(self) -> None:
        """Note what has passed, and listen no more."""
        if self._socket is None:
            return
        while True:
            try:
                frame = self._socket.recv(65536)
            except BlockingIOError:
                break
            if frame[12:14] in {b"\x08\x00", b"\x86\xdd"}:
                self.note(frame[ETHERNET:])
        self._socket.close()
        self._socket = None

    def note(self, data: bytes) -> None:
        """Remember a packet, if it is a segment of a connection."""
        seen = look(data)
        if seen is None or seen.header.flags & RST:
            return
        ports = seen.header.ports
        before = self._end.get(ports)
        end = seen.header.end
        if seen.header.flags & SYN or before is None or (end - before) % WRAP < WRAP // 2:
            self._end[ports] = end
        self._last[ports] = seen

    def last(self, ports: tuple[int, int]) -> Seen:
        """Latest segment from the first port to the second."""
        return self._last[ports]

    def seen(self) -> tuple[tuple[int, int], ...]:
        """Source and destination port of every direction that had a segment other than a reset."""
        return tuple(self._last)

    def expected(self, ports: tuple[int, int]) -> int:
        """The number that the holder of the second port expects next from the holder of the first."""
        return self._end[ports]

    def forge(
        self, ports: tuple[int, int], *, step: int = 0, flags: int = RST, ttl: int | None = None, **fields: Any
    ) -> bytes:
        """A segment from the holder of the first port to the holder of the second, by neither of them.

        Args:
            ports: source and destination.
            step: distance of its sequence number from the exact one.
            flags: RST, or RST and ACK.
            ttl: None for that of the alleged sender's last segment.
            **fields: of `Segment`; by default window 0, no options, no payload.
        """
        like = self._last[ports]
        seq = (self.expected(ports) + step) % WRAP
        ack = self._end[ports[1], ports[0]] if flags & ACK else 0
        start: dict[str, Any] = {"seq": seq, "ack": ack, "window": 0, "flow": like.flow} | fields
        segment = Segment(sender="", sent=0.0, flags=flags, **start)
        return packets.build(like.source, like.target, segment, ttl=like.ttl if ttl is None else ttl)


def send(host: Namespace, data: bytes) -> None:
    """Send an IP packet as it stands from a host (IPv4: the kernel fills in an identification of 0)."""
    six = data[0] >> 4 == V6
    target = str(ip_address(data[24:40] if six else data[16:20]))
    with host, socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(data, (target, 0))


def ends(near: socket.socket) -> tuple[int, int]:
    """The client's and the server's port of the client's socket."""
    return near.getsockname()[1], near.getpeername()[1]
