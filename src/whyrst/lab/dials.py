"""Which ports a program's connections used: it chooses them by chance, and the truth must name them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from whyrst.lab import packets

if TYPE_CHECKING:
    from whyrst.lab.namespace import Namespace

ETH_P_ALL = 0x0003
ETHERNET = 14


class Dials:
    """Notes the SYNs that leave or reach a host's eth0 from construction on."""

    def __init__(self, host: Namespace) -> None:
        with host:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind(("eth0", ETH_P_ALL))
        self._socket.setblocking(False)
        self._found: dict[tuple[int, int], None] = {}

    def ports(self) -> tuple[tuple[int, int], ...]:
        """Source and destination port of each connection that was tried so far, in order."""
        while True:
            try:
                frame = self._socket.recv(65536)
            except BlockingIOError:
                return tuple(self._found)
            if frame[12:14] not in {b"\x08\x00", b"\x86\xdd"}:
                continue
            header = packets.read(frame[ETHERNET:])
            if header is not None and header.is_syn:
                self._found[header.ports] = None

    def close(self) -> None:
        """Stop noting."""
        self._socket.close()
