"""Resets on loopback, made by system calls alone. A scenario is named after the cause that its reset must be given.

Each returns the port of the client, by which its verdicts are found.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTLE = 0.3  # seconds; an emulated processor is slow
CLOSED_PORT = 9
LOOPBACK, LOOPBACK_V6 = "127.0.0.1", "::1"
REQUEST = b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
ABORT = struct.pack("ii", 1, 0)  # struct linger: on, no time
SYSCTL = Path("/proc/sys/net/ipv4")
SO_ATTACH_FILTER = 26  # include/uapi/asm-generic/socket.h
TCP_REPAIR = 19  # include/uapi/linux/tcp.h: a socket in repair says nothing when it is closed
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # classic BPF: return 0
libc = ctypes.CDLL(None)


@cache
def service(address: str) -> socket.socket:
    """A listening socket, as long as the program runs."""
    return socket.create_server((address, 0), family=family(address))


def pair(address: str = LOOPBACK) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection, client and server, on which a request was sent and not read."""
    client = socket.create_connection(service(address).getsockname()[:2])
    server = service(address).accept()[0]
    client.sendall(REQUEST)
    time.sleep(SETTLE)
    return client, server


def served(address: str = LOOPBACK) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection with nothing unread."""
    client, server = pair(address)
    server.recv(len(REQUEST))
    server.sendall(RESPONSE)
    client.recv(len(RESPONSE))
    time.sleep(SETTLE)
    return client, server


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def port(client: socket.socket) -> int:
    return int(client.getsockname()[1])


def gone(client: socket.socket, late: bytes = b"", after: float = SETTLE) -> int:
    """The end of the client, which may send something late."""
    found = port(client)
    time.sleep(after)
    if late:
        client.sendall(late)
        time.sleep(SETTLE)
    client.close()
    return found


@contextmanager
def sysctl(name: str, value: int) -> Iterator[None]:
    place = SYSCTL / name
    before = place.read_text()
    place.write_text(str(value))
    yield
    place.write_text(before)


def closed_port(address: str = LOOPBACK) -> int:
    with socket.socket(family(address)) as client:
        client.bind((address, 0))
        client.connect_ex((address, CLOSED_PORT))
        return port(client)


def close_with_unread_data() -> int:
    client, server = pair()
    server.close()
    return gone(client)


def linger_zero() -> int:
    client, server = served()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    server.close()
    return gone(client)


def linger2_abort() -> int:
    client, server = served()
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, -1)
    server.shutdown(socket.SHUT_WR)
    time.sleep(SETTLE)
    server.close()
    return gone(client)


def socket_disconnect() -> int:
    client, server = served()
    found = port(client)
    libc.connect(client.fileno(), bytes(16), 16)  # AF_UNSPEC
    time.sleep(SETTLE)
    server.close()
    client.close()
    return found


def data_after_close(address: str = LOOPBACK) -> int:
    client, server = served(address)
    server.close()
    return gone(client, REQUEST)


def fin_wait2_expired() -> int:
    with sysctl("tcp_fin_timeout", 1):
        client, server = served()
        server.close()
        return gone(client, REQUEST, after=2)


def keepalive_timeout() -> int:
    """The client drops whatever comes, as if the path were dead, and goes without a word."""
    client, server = served()
    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
        server.setsockopt(socket.IPPROTO_TCP, option, 1)
    code = ctypes.create_string_buffer(DROP_ALL)
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(code))  # struct sock_fprog
    client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    time.sleep(3)
    server.close()
    client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    return gone(client)


def listener_closed() -> int:
    listener = socket.create_server((LOOPBACK, 0))
    client = socket.create_connection(listener.getsockname())
    time.sleep(SETTLE)
    listener.close()
    return gone(client)


def accept_queue_abort() -> int:
    """A handshake ends with its first data (TCP_DEFER_ACCEPT), and then the queue is full of others."""
    with sysctl("tcp_abort_on_overflow", 1), socket.create_server((LOOPBACK, 0), backlog=3) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
        client = socket.create_connection(listener.getsockname())
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 0)
        others = [socket.create_connection(listener.getsockname()) for _ in range(4)]
        client.sendall(REQUEST)
        time.sleep(SETTLE)
        for other in others:
            listener.accept()[0].close()
            other.close()
        return gone(client)


SCENARIOS: dict[str, Callable[[], int]] = {
    "port-closed": closed_port,
    "port-closed, IPv6": lambda: closed_port(LOOPBACK_V6),
    "close-with-unread-data": close_with_unread_data,
    "linger-zero": linger_zero,
    "linger2-abort": linger2_abort,
    "socket-disconnect": socket_disconnect,
    "data-after-close": data_after_close,
    "data-after-close, IPv6": lambda: data_after_close(LOOPBACK_V6),
    "fin-wait2-expired": fin_wait2_expired,
    "keepalive-timeout": keepalive_timeout,
    "listener-closed": listener_closed,
    "accept-queue-abort": accept_queue_abort,
}
