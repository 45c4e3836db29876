"""Packets that the kernel writes into shared memory, each with its time (packet(7), packet_mmap.rst, TPACKET_V2).

An ordinary packet socket that wants times makes the kernel read its clock for every packet of the host, heard or not
(net/core/dev.c, net_timestamp_check); here only a packet that is heard costs a reading.
"""

from __future__ import annotations

import fcntl
import mmap
import socket
import struct
from typing import NamedTuple

SOL_PACKET, PACKET_RX_RING, PACKET_VERSION = 263, 5, 10
TPACKET_V2 = 1
TO_KERNEL, TO_USER = 0, 1
"""Whose a frame is (include/uapi/linux/if_packet.h, TP_STATUS_KERNEL, TP_STATUS_USER)."""
HEADER = struct.Struct("=IIIHHII")
"""struct tpacket2_hdr: status, length, bytes that are here, where the frame and its network header begin, time."""
ADDRESS_AT, ADDRESS = 32, struct.Struct("=HHiHB")
"""struct sockaddr_ll: family, protocol, interface, kind of link, kind of packet."""
FRAME, BLOCK = 512, 1 << 16
"""Bytes: a frame holds 80 of headers and the packet's first ones."""
SIOCGIFNAME, REQUEST = 0x8910, struct.Struct("16si20x")
"""Name of an interface, as its socket's namespace has it (netdevice(7))."""
SECOND = 1_000_000_000


class Frame(NamedTuple):
    """One packet.

    Attributes:
        time: ns since 1970.
        interface: its number.
        protocol: Ethernet's.
        kind: for whom it was (PACKET_HOST, PACKET_OUTGOING, ...).
        packet: its first bytes.
    """

    time: int
    interface: int
    protocol: int
    kind: int
    packet: bytes


class Ring:
    """The memory shared with a packet socket that is not bound yet.

    Args:
        owner: the socket; it stays open longer than this.
        size: bytes; what finds no room is dropped and counted by the kernel.

    Raises:
        OSError: the kernel has no memory for it.
    """

    def __init__(self, owner: socket.socket, size: int) -> None:
        blocks = max(size // BLOCK, 1)
        self._frames = blocks * (BLOCK // FRAME)
        self._next = 0
        owner.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        owner.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("=4I", BLOCK, blocks, FRAME, self._frames))
        self._memory = mmap.mmap(owner.fileno(), blocks * BLOCK)

    def take(self) -> Frame | None:
        """The next packet; None when there is none yet."""
        at = self._next * FRAME
        status, _, have, _, begin, seconds, nanos = HEADER.unpack_from(self._memory, at)
        if not status & TO_USER:
            return None
        _, protocol, interface, _, kind = ADDRESS.unpack_from(self._memory, at + ADDRESS_AT)
        packet = self._memory[at + begin : at + begin + min(have, FRAME - begin)]
        struct.pack_into("=I", self._memory, at, TO_KERNEL)
        self._next = (self._next + 1) % self._frames
        return Frame(seconds * SECOND + nanos, interface, socket.ntohs(protocol), kind, packet)

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()


def name_of(interface: int, owner: socket.socket) -> str:
    """Name of an interface in a socket's namespace; empty when it is gone."""
    try:
        answer = fcntl.ioctl(owner.fileno(), SIOCGIFNAME, REQUEST.pack(b"", interface))
    except OSError:
        return ""
    return answer[:16].split(b"\0", 1)[0].decode("utf-8", "replace")
