"""Network interfaces of one namespace as they come and go, by rtnetlink(7). Needs no privileges."""

from __future__ import annotations

import errno
import socket
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
REQUEST_DUMP = 0x301
RTMGRP_LINK = 1
NETLINK_ROUTE = 0
IFF_LOOPBACK = 8
AF_UNSPEC, AF_BRIDGE = 0, 7
"""include/uapi/linux/rtnetlink.h, netlink.h, if.h."""
HEADER, BODY = struct.Struct("=IHHII"), struct.Struct("=BxHiII")
ROOM = 1 << 16


class Link(NamedTuple):
    """An interface that is there, or went.

    Attributes:
        number: its index.
        loopback: what it sends comes back.
        gone: it was removed.
    """

    number: int
    loopback: bool
    gone: bool


class Links:
    """Interfaces of the calling thread's namespace: at first all, later what changes."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
        self._socket.setblocking(False)
        self._socket.bind((0, RTMGRP_LINK))
        self._ask()

    def _ask(self) -> None:
        self._socket.send(
            HEADER.pack(HEADER.size + BODY.size, RTM_GETLINK, REQUEST_DUMP, 0, 0) + BODY.pack(0, 0, 0, 0, 0)
        )

    def poll(self) -> list[Link]:
        """What is there and what changed since the last call, in order."""
        found: list[Link] = []
        while True:
            try:
                found += parse(self._socket.recv(ROOM))
            except BlockingIOError:
                return found
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._ask()  # messages were lost: all again

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def parse(data: bytes) -> Iterator[Link]:
    """Links in netlink messages; a message that is cut short ends them."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, _, _, _ = HEADER.unpack_from(data, at)
        if length < HEADER.size or at + length > len(data):
            return
        if kind in {RTM_NEWLINK, RTM_DELLINK} and length >= HEADER.size + BODY.size:
            family, _, number, flags, _ = BODY.unpack_from(data, at + HEADER.size)
            if family != AF_BRIDGE:  # that an interface left a bridge is told as a removal, too
                yield Link(number, bool(flags & IFF_LOOPBACK), kind == RTM_DELLINK)
        at += (length + 3) & ~3
