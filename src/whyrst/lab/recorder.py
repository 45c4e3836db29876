"""Records what one interface of a lab host sees, as tcpdump would: a packet socket, kernel timestamps, pcap."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from whyrst.lab.namespace import Namespace

ETH_P_ALL = 0x0003
SO_TIMESTAMPNS = 35
"""include/uapi/asm-generic/socket.h."""
NANO_MAGIC = 0xA1B23C4D
SNAPLEN = 262144
BUFFER = 16 << 20
ETHERNET = 1


class Recorder:
    """Writes every packet of one interface to a file, from construction to `stop`."""

    def __init__(self, host: Namespace, interface: str, path: Path) -> None:
        with host:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.settimeout(0.05)
        self._out = path.open("wb")
        self._out.write(struct.pack("<IHHiIII", NANO_MAGIC, 2, 4, 0, 0, SNAPLEN, ETHERNET))
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._record, name=f"record {path.name}", daemon=True)
        self._thread.start()

    def _record(self) -> None:
        while True:
            try:
                frame, extra, _, _ = self._socket.recvmsg(SNAPLEN, 128)
            except TimeoutError:
                if self._done.is_set():
                    return
                continue
            seconds, nanos = 0, 0
            for level, kind, data in extra:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanos = struct.unpack("qq", data[:16])
            self._out.write(struct.pack("<IIII", seconds, nanos, len(frame), len(frame)) + frame)

    def stop(self) -> None:
        """Write what has arrived, and close the file."""
        self._done.set()
        self._thread.join()
        self._socket.close()
        self._out.close()
