"""Telling systemd how the service is: datagrams to a socket that it names (sd_notify(3))."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MICROSECOND = 1_000_000


class Notify:
    """The service manager, if there is one.

    Args:
        environment: with NOTIFY_SOCKET, and WATCHDOG_USEC where the manager wants to hear from the service regularly.
        pid: of this process.
    """

    def __init__(self, environment: Mapping[str, str], pid: int) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        self._socket: socket.socket | None = None
        if path.startswith(("/", "@")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            with suppress(OSError):
                self._socket.connect(path.replace("@", "\0", 1) if path.startswith("@") else path)
        wanted = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        self.every = int(wanted) / MICROSECOND / 2 if meant and wanted.isdecimal() else 0.0
        """Seconds between two signs of life; 0 when none is wanted."""
        self._latest = 0.0

    def ready(self, status: str) -> None:
        """The service works."""
        self._tell("READY=1", f"STATUS={status}")

    def alive(self) -> None:
        """A sign of life, if one is due."""
        if self.every and (now := time.monotonic()) - self._latest >= self.every:
            self._latest = now
            self._tell("WATCHDOG=1")

    def reloading(self) -> None:
        """Files are opened again; `ready` follows."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The service is ending."""
        self._tell("STOPPING=1")

    def close(self) -> None:
        """No more is told."""
        if self._socket is not None:
            self._socket.close()

    def _tell(self, *lines: str) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.send("\n".join(lines).encode())
