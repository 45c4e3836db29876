"""Where the capture was taken, found from the capture itself, for each connection.

Signs, strongest first: the link layer marks outgoing packets, or checksums that a network card fills in later are
still missing: the sending host. Segments larger than a frame: a host too (offload), though either sending or
receiving. A SYN-ACK that follows its SYN much faster than the client's ACK follows the SYN-ACK: near the server;
the other way round: near the client. A TTL that still has its initial value: its sender is at most one hop away.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fast.tables import Conn, Dir
from whyrst.resets.facts import MS
from whyrst.resets.habits import initial_ttl

if TYPE_CHECKING:
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Column, Mask

UNKNOWN, CLIENT, SERVER, BETWEEN, HOST = range(5)
LOOPBACK = 0xFFFF7F
"""127.0.0.0/8, mapped, without its last three bytes."""
VANTAGES = ("unknown", "client", "server", "between", "host")


class Vantages:
    """Points of capture for the connections of a batch of resets."""

    def __init__(self, resets: Resets) -> None:
        self._r = resets

    def _at_start(self, ttl: Column) -> Mask:
        return (ttl >= 0) & (ttl == initial_ttl(ttl))

    @cached_property
    def code(self) -> Column:
        """UNKNOWN, CLIENT, SERVER, BETWEEN or HOST (both ends on one host)."""
        kernel = self._r.kernel
        if kernel is not None and self._r.live:
            # The kernel that told is the sender's where it sent, the receiver's where a segment arrived.
            own = np.where((kernel.sent | kernel.unseen) == self._r.by_client, CLIENT, SERVER)
            return np.where(kernel.told_any & (self._seen_here != HOST), own, self._seen_here)
        if self._r.compared is None:
            return self._seen_here
        told = [VANTAGES.index(place.partition("-")[0] or "unknown") for place in self._r.compared.place]
        return np.where(np.array(told) != UNKNOWN, told, self._seen_here)

    @cached_property
    def _seen_here(self) -> Column:
        """The same, from this capture alone."""
        r = self._r
        client_local = r.neighbours.captured_there(r.neighbours.client_key)
        server_local = r.neighbours.captured_there(r.neighbours.host_key)
        same = (r.conn(Conn.CLIENT_LO) == r.conn(Conn.SERVER_LO)) & (r.conn(Conn.CLIENT_HI) == r.conn(Conn.SERVER_HI))
        loop4 = (r.conn(Conn.CLIENT_LO) >> 24) == LOOPBACK
        near_client = self._at_start(r.client(Dir.TTL))
        near_server = self._at_start(r.server(Dir.TTL))
        to_server = np.where(
            (r.conn(Conn.T_SYN) > 0) & (r.conn(Conn.T_SYNACK) > 0), r.conn(Conn.T_SYNACK) - r.client(Dir.SYN_LAST), -1
        )
        to_client = np.where(
            (r.conn(Conn.T_SYNACK) > 0) & (r.conn(Conn.T_ACK) > 0), r.conn(Conn.T_ACK) - r.conn(Conn.T_SYNACK), -1
        )
        timed = (to_server >= 0) & (to_client >= 0) & (to_server + to_client > MS // 2)
        faster_server = timed & (to_server * 8 < to_client)
        faster_client = timed & (to_client * 8 < to_server)
        code = np.full(len(r), UNKNOWN, dtype=np.int64)
        code = np.where(near_client & ~near_server, CLIENT, code)
        code = np.where(near_server & ~near_client, SERVER, code)
        code = np.where(
            ~near_client & ~near_server & (r.client(Dir.TTL) >= 0) & (r.server(Dir.TTL) >= 0), BETWEEN, code
        )
        code = np.where(timed & ~faster_client & ~faster_server & ~near_client & ~near_server, BETWEEN, code)
        code = np.where(faster_client & ~near_server, CLIENT, code)
        code = np.where(faster_server & ~near_client, SERVER, code)
        code = np.where(client_local & ~server_local, CLIENT, code)
        code = np.where(server_local & ~client_local, SERVER, code)
        return np.where((client_local & server_local) | same | loop4, HOST, code)
