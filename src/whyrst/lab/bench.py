"""The bench on which a scenario works: hosts, sockets, programs, and where it writes down the truth."""

from __future__ import annotations

import errno
import os
import random
import signal
import socket
import struct
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from socket import socket as Socket  # noqa: N812 - `Bench.socket` makes one
from typing import TYPE_CHECKING, Any

from whyrst.lab.dials import Dials
from whyrst.lab.relay import Relay
from whyrst.lab.truth import WHERE, Truth

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Sequence

    from whyrst.lab.network import Host, Network
    from whyrst.lab.relay import Packet

SHORT = 0.03
"""Seconds in which packets cross the lab's links with certainty."""
TCP_REPAIR = 19
"""include/uapi/linux/tcp.h."""
PATIENCE = 10.0
"""Seconds after which a socket call of a scenario has failed."""


class Bench:
    """One run of one scenario.

    Attributes:
        network: the hosts, also as `client`, `router`, `server` and `backend`.
        rng: decides all that may vary; from the seed.
        family: 4 or 6.
    """

    def __init__(self, network: Network, seed: int, family: int) -> None:
        self.network = network
        self.client, self.router = network.client, network.router
        self.server, self.backend = network.server, network.backend
        self.rng = random.Random(seed)  # noqa: S311 - variety, not secrecy
        self.family = family
        self.truths: list[Truth] = []
        self.errors: dict[str, list[str]] = {}
        self.notes: list[str] = []
        self._sockets: list[Socket] = []
        self._programs: list[subprocess.Popen[bytes]] = []
        self._relays: list[Relay] = []
        self._folders: list[tempfile.TemporaryDirectory[str]] = []
        self._dials: list[Dials] = []

    # Sockets.

    def socket(
        self, host: Host, *, kind: int = socket.SOCK_STREAM, protocol: int = 0, family: int | None = None
    ) -> Socket:
        """A socket of a host, of the run's IP version or another; closed at the end of the run if not before."""
        version = family or self.family
        family = socket.AF_INET if version == 4 else socket.AF_INET6  # noqa: PLR2004 - IP version
        with host:
            made = Socket(family, kind, protocol)
        made.settimeout(PATIENCE)
        self._sockets.append(made)
        return made

    def listen(self, host: Host | None = None, port: int = 0, *, backlog: int = 64, **options: int) -> Socket:
        """A listening socket of the server, or of another host; port 0 takes one from the seed.

        Args:
            host: where.
            port: which.
            backlog: length of the accept queue.
            **options: socket options by name, such as SO_REUSEPORT=1.
        """
        made = self.socket(host or self.server)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for name, value in options.items():
            made.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        made.bind(((host or self.server).address(self.family), port or self.port()))
        made.listen(backlog)
        return made

    def dial(self, to: Socket | tuple[str, int], host: Host | None = None, port: int = 0) -> Socket:
        """A connection of the client, or of another host, to a listening socket or an address.

        Raises:
            OSError: as connect() does.
        """
        made = self.socket(host or self.client)
        if port:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(((host or self.client).address(self.family), port))
        made.connect(to if isinstance(to, tuple) else to.getsockname()[:2])
        return made

    def pair(self, listener: Socket | None = None) -> tuple[Socket, Socket]:
        """A connection between client and server: both ends' sockets."""
        listener = listener or self.listen()
        near = self.dial(listener)
        far, _ = listener.accept()
        far.settimeout(PATIENCE)
        self._sockets.append(far)
        return near, far

    def accept(self, listener: Socket) -> Socket:
        """The next connection of a listening socket."""
        far, _ = listener.accept()
        far.settimeout(PATIENCE)
        self._sockets.append(far)
        return far

    def port(self) -> int:
        """A port for a server, not one that clients get by chance."""
        return self.rng.randrange(2_000, 30_000)

    def address(self, host: Host | None = None) -> str:
        """Address of the server, or of another host, in this run's IP version."""
        return (host or self.server).address(self.family)

    def linger_zero(self, end: Socket) -> None:
        """SO_LINGER with a timeout of 0: close() resets."""
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def forget(self, end: Socket) -> None:
        """Take a connection from its host without a packet, as a power failure does (TCP_REPAIR)."""
        end.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        end.close()

    def hang_up(self, end: Socket) -> None:
        """Close with a reset instead of a FIN, whatever there is."""
        self.linger_zero(end)
        end.close()

    def dials(self, host: Host | None = None) -> Dials:
        """Note from now on which connections the client, or another host, opens."""
        made = Dials(host or self.client)
        self._dials.append(made)
        return made

    def exchange(self, near: Socket, far: Socket, turns: int = 1) -> None:
        """Requests and answers, all of them read."""
        for _ in range(turns):
            near.sendall(b"GET /%d HTTP/1.1\r\nHost: lab.example\r\n\r\n" % self.rng.randrange(1000))
            far.recv(65536)
            body = self.rng.randbytes(self.rng.randrange(20, 1200))
            far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            self.read(near, len(body))

    def read(self, end: Socket, at_least: int) -> bytes:
        """Read until so many bytes are there."""
        data = b""
        while len(data) < at_least:
            more = end.recv(65536)
            if not more:
                break
            data += more
        return data

    def settle(self, seconds: float = SHORT) -> None:
        """Let packets arrive."""
        time.sleep(seconds)

    # Programs, relay, truth.

    def program(self, host: Host, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a program on a host; ended with the run."""
        started = host.start(command, **options)
        self._programs.append(started)
        return started

    def folder(self) -> Path:
        """A folder for configurations and keys of programs; removed with the run."""
        made = tempfile.TemporaryDirectory(prefix="whyrst-lab-")
        self._folders.append(made)
        return Path(made.name)

    def relay(self, delay: float = 0.0, hook: Callable[[Packet], Iterable[Packet]] | None = None) -> Relay:
        """Carry packets between client and server (for scenarios with forward=False)."""
        made = Relay(self.network, delay=delay, hook=hook)
        self._relays.append(made)
        return made

    def wait_for(self, port: int, host: Host | None = None, seconds: float = PATIENCE) -> None:
        """Wait until a program listens on a port, by the host's own table, so that no probe is recorded.

        Raises:
            TimeoutError: it does not.
        """
        end = time.monotonic() + seconds
        want = f":{port:04X} "
        while time.monotonic() < end:
            tables = (host or self.server).read("tcp") + (host or self.server).read("tcp6")
            if any(want in line and " 0A " in line for line in tables.splitlines()):
                return
            time.sleep(0.02)
        raise TimeoutError(f"nothing listens on port {port}")

    def truth(
        self,
        ends: Socket | tuple[int, int],
        sender: str,
        cause: str,
        mechanism: str,
        how: str,
        *,
        origin: str | None = None,
        also: Iterable[str] = (),
        nth: int | None = None,
        may_be_unseen: bool = False,
        elsewhere: Iterable[tuple[tuple[int, int], str]] = (),
        raw: bool = False,
        live: Iterable[str] = (),
        **only: Iterable[str],
    ) -> None:
        """Write down what made a reset.

        Args:
            ends: the client's (connected) socket, or both ports.
            sender: host whose address it carries: "client", "server", "backend".
            cause: id.
            mechanism: "active", "passive", "firewall" or "forged".
            how: what the scenario did.
            origin: host that made it; by default the sender of an active or passive one, the router of others.
            also: ids that are right, too, because the wire cannot tell, at every point of capture.
            nth: which reset of that sender in the connection; None for all that are not told otherwise.
            may_be_unseen: it need not stand in every capture.
            elsewhere: ports and sender that it has behind an address translation.
            raw: a program wrote the packet itself, past its host's TCP.
            live: ids that are right, too, for the sender's kernel, which sees how but not always why.
            **only: further ids for one point of capture, such as client=("application-abort",).
        """
        ports = ends if isinstance(ends, tuple) else (ends.getsockname()[1], ends.getpeername()[1])
        right: dict[str, tuple[str, ...]] = {
            where: tuple(dict.fromkeys((cause, *also, *only.get(where, ())))) for where in WHERE
        }
        made_at = origin or ("router" if mechanism in {"firewall", "forged"} else sender)
        self.truths.append(
            Truth(
                ports,
                sender,
                made_at,
                cause,
                mechanism,
                right,
                nth,
                how,
                may_be_unseen,
                tuple(elsewhere),
                raw,
                tuple(live),
            )
        )

    def failed(self, end: str, error: OSError) -> None:
        """Write down what an application saw."""
        self.errors.setdefault(end, []).append(errno.errorcode.get(error.errno or 0, str(error)))

    def close(self) -> None:
        """End programs and sockets."""
        for program in self._programs:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
        for relay in self._relays:
            relay.stop()
        for dials in self._dials:
            dials.close()
        for each in self._sockets:
            with suppress(OSError):
                each.close()
        for folder in self._folders:
            folder.cleanup()
