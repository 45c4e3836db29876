"""The probes on the running kernel."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from whyrst.kernel.btf import Btf, Names
from whyrst.kernel.libbpf import BpfError, BpfObject
from whyrst.kernel.probe import OBJECT, Host, probes
from whyrst.kernel.tracer import Tracer

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF"),
]
HERE = Path("/proc/self/ns/net").stat().st_ino


@pytest.fixture
def tracer():
    with Tracer(netns=HERE) as running:
        yield running


def settled(tracer, ports):
    """Events of connections that have one of these ports."""
    time.sleep(0.1)
    return [e for e in tracer.poll() if {int(p.rsplit(":", 1)[1]) for p in (e.ends.local, e.ends.remote)} & set(ports)]


def listening():
    server = socket.create_server(("127.0.0.1", 0))
    return server, server.getsockname()[1]


def pair(server):
    client = socket.create_connection(server.getsockname())
    return client, server.accept()[0]


def test_a_closed_port_is_told_with_its_trigger(tracer):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    (sent,) = [e for e in settled(tracer, [port]) if e.kind == "sent"]
    assert not sent.active
    assert sent.trigger[0] >> 4 == 4
    assert sent.ends.local == f"127.0.0.1:{port}"
    assert sent.stack[0].startswith("tcp_v4_send_reset")


def test_close_with_unread_bytes_is_told_with_process_and_numbers(tracer):
    server, port = listening()
    with server:
        client, peer = pair(server)
        peer.sendall(b"hello")
        time.sleep(0.05)
        client.close()
        peer.close()
    (sent,) = [e for e in settled(tracer, [port]) if e.kind == "sent"]
    assert sent.active
    assert sent.in_process
    assert sent.task.pid == os.getpid()
    assert sent.numbers.unread == 5
    assert sent.state == "ESTABLISHED"
    assert "__tcp_close" in sent.stack
    assert sent.past.opener.pid == os.getpid()
    assert sent.past.opened <= sent.past.established <= sent.time


def test_so_linger_zero_is_seen_and_the_other_end_takes_the_reset(tracer):
    server, port = listening()
    with server:
        client, peer = pair(server)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        peer.close()
    kinds = {e.kind: e for e in settled(tracer, [port])}
    assert kinds["sent"].numbers.lingers
    assert kinds["sent"].numbers.linger_time == 0
    assert "tcp_disconnect" in kinds["sent"].stack
    assert kinds["received"].past.passive


def test_late_data_finds_what_was_recorded_of_the_closed_socket(tracer):
    server, port = listening()
    with server:
        client, peer = pair(server)
        peer.close()
        time.sleep(0.05)
        client.sendall(b"late")
        client.close()
    (sent,) = [e for e in settled(tracer, [port]) if e.kind == "sent" and not e.active]
    assert sent.past.leaver.pid == os.getpid()
    assert sent.past.before == "FIN_WAIT2"
    assert sent.past.left < sent.time


REFUSED = """
import os, socket
port = 9
for _ in range(%d):
    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", port)) != 0
names, values = [line.split() for line in open("/proc/net/snmp") if line.startswith("Tcp:")]
print(os.stat("/proc/self/ns/net").st_ino, values[names.index("OutRsts")])
"""


def test_every_reset_is_counted_and_the_account_is_closed():
    resets = 300
    words = ("unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", sys.executable, "-c", REFUSED % resets)
    with Tracer(rate=5) as tracer:
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        netns, outgoing = map(int, told.split())
        handed_over = [e for e in tracer.poll() if e.netns == netns and e.kind == "sent"]
        sent = tracer.totals()["sent"]
        assert sent.seen == sent.delivered + sent.sampled + sent.lost
        assert outgoing == resets
        assert tracer.spaces()[netns]["sent"] == resets
        assert 0 < len(handed_over) < resets


MANY = """
import ctypes, os, socket, subprocess
spaces = []
for _ in range(%d):
    assert ctypes.CDLL(None).unshare(0x40000000) == 0
    subprocess.run(("ip", "link", "set", "lo", "up"), check=True)
    spaces.append(os.open("/proc/self/ns/net", os.O_RDONLY))
for _ in range(%d):
    for space in spaces:
        assert ctypes.CDLL(None).setns(space, 0) == 0
        with socket.socket() as one:
            assert one.connect_ex(("127.0.0.1", 9)) != 0
print(*(os.fstat(space).st_ino for space in spaces))
"""


def test_resets_of_more_shapes_than_a_cpu_counts_by_itself_are_all_counted():
    spaces, rounds = 20, 50
    with Tracer(rate=1) as tracer:
        words = (sys.executable, "-c", MANY % (spaces, rounds))
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
            while child.poll() is None:
                tracer.spaces()  # while lines change
                time.sleep(0.01)
            assert child.stdout is not None
            numbers = [int(number) for number in child.stdout.read().split()]
        assert child.returncode == 0
        tracer.stop()
        counted = tracer.spaces()
        seen = tracer.totals()
    assert [counted[number]["sent"] for number in numbers] == [rounds] * spaces
    assert [counted[number]["received"] for number in numbers] == [rounds] * spaces
    for kind, total in seen.items():
        assert sum(of[kind] for of in counted.values()) == total.seen


def test_a_rare_reset_is_handed_over_in_the_middle_of_a_storm():
    server, port = listening()
    with Tracer(rate=1) as tracer, server:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            closed = probe.getsockname()[1]
        for _ in range(400):
            with socket.socket() as one:
                one.connect_ex(("127.0.0.1", closed))
        client, peer = pair(server)
        peer.sendall(b"hello")
        time.sleep(0.05)
        client.close()
        peer.close()
        events = settled(tracer, [port])
    assert [e.reason for e in events if e.kind == "sent"] == ["TCP_ABORT_ON_CLOSE"]


def test_names_come_from_the_kernel():
    btf = Btf()
    names = Names(btf)
    if btf.tracepoint("tcp_send_reset") == 3:
        assert "NO_SOCKET" in {names.reset_reason(k) for k in range(30)}
    assert btf.parameters("no_such_function_at_all") is None
    assert btf.enum("no_such_enum_at_all") == {}
    btf.close()


def test_every_probe_says_how_or_why_not():
    host = Host()
    for probe in probes().values():
        able = probe.can_run(host)
        assert bool(able.programs) == bool(able.how)
        assert able.programs or able.misses


def test_nothing_stays_attached():
    with Tracer() as tracer:
        assert tracer.programs()
    with pytest.raises(BpfError, match="cannot be opened"):
        BpfObject(str(OBJECT) + ".missing")
