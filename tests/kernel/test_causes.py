"""Verdicts of real sockets on the running kernel: what one reason merges is told apart."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from whyrst.kernel.tracer import Tracer
from whyrst.trace.session import Session

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF"),
]
HERE = Path("/proc/self/ns/net").stat().st_ino
AF_UNSPEC = struct.pack("H14x", socket.AF_UNSPEC)
LINGER = struct.pack("ii", 1, 0)
SERVICE = """
import socket, time
server = socket.create_server(("127.0.0.1", {port}))
print(flush=True)
end = server.accept()[0]
print(flush=True)
time.sleep(60)
"""


@pytest.fixture
def tracer():
    with Tracer(netns=HERE) as running:
        yield running


@pytest.fixture
def pair():
    """Two ends of a connection over loopback, and the listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        end = server.accept()[0]
        client.sendall(b"question")
        end.recv(100)
        end.sendall(b"answer")
        client.recv(100)
        yield client, end, server
        client.close()
        end.close()


def sent(tracer, port):
    """Verdicts of the resets that were sent in connections of a port."""
    time.sleep(0.1)
    session = Session()
    for event in tracer.poll():
        ports = {end.rsplit(":", 1)[1] for end in (event.ends.local, event.ends.remote)}
        if event.kind == "sent" and str(port) in ports:
            session.take(event)
    return [judged.verdict(i) for judged in session.close() for i in range(len(judged))]


def port_of(end):
    return end.getsockname()[1]


def test_unread_bytes(tracer, pair):
    client, end, server = pair
    client.sendall(b"one more")
    time.sleep(0.05)
    end.close()
    (verdict,) = sent(tracer, port_of(server))
    assert (verdict.cause, verdict.confidence) == ("close-with-unread-data", "certain")
    assert verdict.kernel.process.pid == os.getpid()
    assert verdict.harm.bytes_lost == len("one more")


def test_linger_zero(tracer, pair):
    _, end, server = pair
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    end.close()
    (verdict,) = sent(tracer, port_of(server))
    assert (verdict.cause, verdict.confidence) == ("linger-zero", "certain")


def test_connect_to_nowhere(tracer, pair):
    import ctypes

    client, _, server = pair
    assert ctypes.CDLL(None).connect(client.fileno(), AF_UNSPEC, len(AF_UNSPEC)) == 0
    (verdict,) = sent(tracer, port_of(server))
    assert (verdict.cause, verdict.confidence) == ("socket-disconnect", "certain")


def test_listener_closed_with_a_queue(tracer):
    server = socket.create_server(("127.0.0.1", 0))
    port = port_of(server)
    with socket.create_connection(server.getsockname()):
        server.close()
        (verdict,) = sent(tracer, port)
    assert (verdict.cause, verdict.confidence) == ("listener-closed", "certain")


def test_data_after_close(tracer, pair):
    client, end, server = pair
    end.close()
    time.sleep(0.05)
    client.sendall(b"too late")
    (verdict,) = sent(tracer, port_of(server))
    assert verdict.cause == "data-after-close"
    assert any("had closed it" in one.says for one in verdict.evidence)


def test_killed_process_and_its_port(tracer):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = port_of(free)
    service = subprocess.Popen((sys.executable, "-c", SERVICE.format(port=port)), stdout=subprocess.PIPE)
    service.stdout.readline()
    with socket.create_connection(("127.0.0.1", port)) as client:
        service.stdout.readline()
        client.sendall(b"never read")
        time.sleep(0.05)
        service.send_signal(signal.SIGKILL)
        service.wait()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    cut, refused = sent(tracer, port)
    assert (cut.cause, cut.confidence) == ("process-crash", "certain")
    assert (refused.cause, refused.confidence) == ("process-crash", "likely")
    assert any("SIGKILL" in one.says for one in refused.evidence)
    service.stdout.close()


def test_a_closed_port(tracer):
    with socket.create_server(("127.0.0.1", 0), reuse_port=False) as free:
        port = port_of(free)
    other = port + 1 if port < 60000 else port - 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", other))
    (verdict,) = sent(tracer, other)
    assert verdict.cause == "port-closed"
    assert verdict.reset.mechanism == "passive"


def test_a_segment_without_any_flag(tracer):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = port_of(free)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
        raw.sendto(struct.pack(">HHIIBBHHH", 40000, port, 1, 0, 5 << 4, 0, 1024, checksum(port), 0), ("127.0.0.1", 0))
    (verdict,) = sent(tracer, port)
    assert (verdict.cause, verdict.confidence) == ("port-scan", "certain")


def checksum(port):
    """Of that segment, over its pseudo header (RFC 9293 section 3.1)."""
    pseudo = struct.pack(">IIHH", 0x7F000001, 0x7F000001, socket.IPPROTO_TCP, 20)
    words = pseudo + struct.pack(">HHIIBBHHH", 40000, port, 1, 0, 5 << 4, 0, 1024, 0, 0)
    total = sum(struct.unpack(f">{len(words) // 2}H", words))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
