"""A packet socket that hears resets only, on all interfaces of one network namespace.

The kernel's own filter lets nothing else pass, so that the cost is that of a listening tcpdump without its packets.
Packets begin with their IP header whatever the interface (SOCK_DGRAM): Ethernet with and without VLAN tags, loopback,
tunnels. XDP programs that answer by themselves (XDP_TX) and stacks that bypass the kernel pass below it, unheard.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from typing import NamedTuple

from whyrst.kernel.namespaces import here
from whyrst.kernel.ring import SOL_PACKET, Ring, name_of
from whyrst.kernel.wire import MAPPED, endpoint

Program = tuple[tuple[int, int, int, int], ...]

ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
PACKET_STATISTICS = 6
SO_ATTACH_FILTER = 26
PACKET_HOST, PACKET_OUTGOING = 0, 4
"""include/uapi/linux/if_ether.h, if_packet.h, asm-generic/socket.h."""
SNAPLEN = 256
BUFFER = 1 << 20
"""Bytes of packets that wait to be read, 512 for each; more is dropped and counted."""
TURN = 256
"""Packets that are read in one turn."""
RST, ACK = 4, 16
PROTOCOL_TCP = 6
V4_HEADER, V6_HEADER, TCP_HEADER = 20, 40, 20
LD_BYTE, LD_HALF, LD_BYTE_AT_X, LDX_HEADER, SHIFT, EQUAL, TEST, RETURN = 48, 40, 80, 177, 116, 21, 69, 6
"""Opcodes of classic BPF: A = packet[k], A = 16 bits at k, A = packet[X+k], X = 4 * (packet[k] & 15), A >>= k, jump if
A == k, jump if A & k, return k (include/uapi/linux/filter.h)."""
FILTER = (
    (LD_BYTE, 0, 0, 0),
    (SHIFT, 0, 0, 4),
    (EQUAL, 0, 7, 4),  # IPv4?
    (LD_BYTE, 0, 0, 9),
    (EQUAL, 0, 11, PROTOCOL_TCP),
    (LD_HALF, 0, 0, 6),
    (TEST, 9, 0, 0x1FFF),  # a later fragment has no TCP header
    (LDX_HEADER, 0, 0, 0),
    (LD_BYTE_AT_X, 0, 0, 13),
    (TEST, 5, 6, RST),
    (EQUAL, 0, 5, 6),  # IPv6?
    (LD_BYTE, 0, 0, 6),
    (EQUAL, 0, 3, PROTOCOL_TCP),
    (LD_BYTE, 0, 0, V6_HEADER + 13),
    (TEST, 0, 1, RST),
    (RETURN, 0, 0, SNAPLEN),
    (RETURN, 0, 0, 0),
)
"""Operation, steps to skip if true, if false, and k: takes IPv4 and IPv6 packets with a reset."""
ALL_TCP = (
    (LD_BYTE, 0, 0, 0),
    (SHIFT, 0, 0, 4),
    (EQUAL, 0, 4, 4),  # IPv4?
    (LD_BYTE, 0, 0, 9),
    (EQUAL, 0, 6, PROTOCOL_TCP),
    (LD_HALF, 0, 0, 6),
    (TEST, 4, 3, 0x1FFF),
    (EQUAL, 0, 3, 6),  # IPv6?
    (LD_BYTE, 0, 0, 6),
    (EQUAL, 0, 1, PROTOCOL_TCP),
    (RETURN, 0, 0, SNAPLEN),
    (RETURN, 0, 0, 0),
)
"""Takes every TCP segment."""


class Seen(NamedTuple):
    """A reset that passed an interface.

    Attributes:
        time: ns since 1970.
        netns: the namespace's number.
        interface: its name.
        outgoing: it left; else it came in.
        here: it came in for this host (the link layer's address), to be taken or forwarded.
        packet: from its IP header on, the first 256 bytes.
    """

    time: int
    netns: int
    interface: str
    outgoing: bool
    here: bool
    packet: bytes


class Segment(NamedTuple):
    """What identifies a segment.

    Attributes:
        source: ip:port.
        target: ip:port.
        flags: of the TCP header.
        ip_id: identification, 0 for IPv6.
        length: payload bytes.
    """

    source: str
    target: str
    seq: int
    ack: int
    flags: int
    ip_id: int
    length: int


class Wiretap:
    """Hears the resets of the calling thread's network namespace from construction to `close`.

    Args:
        program: what the kernel lets pass: `FILTER` or `ALL_TCP`.
        buffer: bytes that may wait in the kernel.
        turn: packets that `poll` reads at most.
        interface: its number, 0 for all; None to be deaf until `listen`.

    Attributes:
        netns: the namespace's number.
        dropped: packets that the kernel had no room for.
        behind: packets were left for the next turn.

    Raises:
        OSError: packet sockets need CAP_NET_RAW.
    """

    def __init__(
        self, program: Program = FILTER, *, buffer: int = BUFFER, turn: int = TURN, interface: int | None = 0
    ) -> None:
        self._turn = turn
        self._buffer = buffer
        self._ring: Ring | None = None
        self.netns = here()
        self.dropped = 0
        self.behind = False
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)  # deaf until it is bound
        try:
            code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
            attached = struct.pack("@HP", len(program), ctypes.addressof(code))
            self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, attached)
            if interface is not None:
                self.listen(interface)
        except OSError:
            self._socket.close()
            raise

    def listen(self, interface: int) -> None:
        """Hear an interface by its number, 0 for all (packet(7), struct sockaddr_ll). No privileges are needed.

        Raises:
            OSError: there is no such interface, or no memory.
        """
        self._ring = self._ring or Ring(self._socket, self._buffer)
        address = struct.pack("=HHiHBB8s", socket.AF_PACKET, socket.htons(ETH_P_ALL), interface, 0, 0, 0, b"")
        if ctypes.CDLL(None, use_errno=True).bind(self._socket.fileno(), address, len(address)) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    def poll(self) -> list[Seen]:
        """What passed since the last call, at most `turn` packets, in the order in which it passed."""
        found: list[Seen] = []
        self.behind = True
        while len(found) < self._turn:
            frame = self._ring.take() if self._ring is not None else None
            if frame is None:
                self.behind = False
                break
            outgoing = frame.kind == PACKET_OUTGOING
            if frame.protocol in {ETH_P_IP, ETH_P_IPV6} or outgoing:
                name = name_of(frame.interface, self._socket)
                found.append(Seen(frame.time, self.netns, name, outgoing, frame.kind == PACKET_HOST, frame.packet))
        self.dropped += struct.unpack("=II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        return found

    def close(self) -> None:
        """Stop hearing."""
        if self._ring is not None:
            self._ring.close()
        self._socket.close()


def segment(packet: bytes) -> Segment | None:
    """What identifies the segment of a packet that begins with its IP header; None when it holds none.

    IPv6 with extension headers is left out.
    """
    if len(packet) >= V4_HEADER and packet[0] >> 4 == 4:  # noqa: PLR2004 - IPv4
        at, total = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
        protocol, ip_id = packet[9], int.from_bytes(packet[4:6], "big")
        source, target = MAPPED + packet[12:16], MAPPED + packet[16:20]
        whole = at >= V4_HEADER and not int.from_bytes(packet[6:8], "big") & 0x1FFF
    elif len(packet) >= V6_HEADER and packet[0] >> 4 == 6:  # noqa: PLR2004 - IPv6
        at, total = V6_HEADER, int.from_bytes(packet[4:6], "big") + V6_HEADER
        protocol, ip_id = packet[6], 0
        source, target, whole = packet[8:24], packet[24:40], True
    else:
        return None
    if protocol != PROTOCOL_TCP or not whole or len(packet) < at + TCP_HEADER:
        return None
    sport, dport, seq, ack, offset, flags = struct.unpack_from(">HHIIBB", packet, at)
    length = max(total - at - (offset >> 4) * 4, 0)
    return Segment(endpoint(source, sport), endpoint(target, dport), seq, ack, flags, ip_id, length)
