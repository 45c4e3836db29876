"""Connections over Multipath TCP, RFC 8684."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

IPPROTO_MPTCP = 262
"""include/uapi/linux/in.h."""


def mptcp_pair(bench: Bench) -> tuple[socket.socket, socket.socket]:
    """A connection over MPTCP between client and server: both ends' sockets."""
    listener = bench.socket(bench.server, protocol=IPPROTO_MPTCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((bench.address(), bench.port()))
    listener.listen()
    near = bench.socket(bench.client, protocol=IPPROTO_MPTCP)
    near.connect(listener.getsockname()[:2])
    return near, bench.accept(listener)
