"""Packet sockets, on interfaces made for the test."""

from __future__ import annotations

import os
import socket
import struct
import time
from contextlib import closing
from pathlib import Path

import pytest

from kernel.hosts import CLIENT, ROUTER, join, kinds, refused, watched
from whyrst.kernel.taps import Taps
from whyrst.kernel.wiretap import Wiretap, segment

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF"),
]


def test_a_packet_is_seen_inside_and_outside_of_a_tunnel(route):
    client, router, _ = route
    for space, own, peer in ((client, CLIENT, ROUTER), (router, ROUTER, CLIENT)):
        tunnel = f"ip link add name t0 type vxlan id 7 dstport 4789 local {own} remote {peer}"
        space.run(*tunnel.split())
        space.run("ip", "address", "add", f"10.9.7.{own.rpartition('.')[2]}/24", "dev", "t0")
        space.run("ip", "link", "set", "t0", "up")
    with router, closing(Wiretap()) as tap:
        refused(client, "10.9.7.2", 85)
        time.sleep(0.05)
        assert [(one.interface, segment(one.packet).source) for one in tap.poll()] == [("t0", "10.9.7.2:85")]
    told, _, _ = watched(router, lambda: [refused(client, "10.9.7.2", 85)])
    assert kinds(told) == ["received", "sent"]


def test_only_resets_are_heard(host):
    with host, closing(Wiretap()) as tap, socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as one, server.accept()[0] as other:
            one.sendall(b"payload with a \x04 here and there \x04\x04\x04")
            other.recv(100)
        refused(host, "127.0.0.1", 9)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"\x04" * 40, server.getsockname())
        six = socket.socket(socket.AF_INET6)
        with six, pytest.raises(ConnectionRefusedError):
            six.connect(("::1", 9))
        time.sleep(0.05)
        heard = tap.poll()
    assert [(segment(one.packet).source, one.outgoing) for one in heard] == [
        ("127.0.0.1:9", True), ("127.0.0.1:9", False), ("[::1]:9", True), ("[::1]:9", False),
    ]  # fmt: skip
    assert all(abs(one.time - time.time_ns()) < 60e9 for one in heard)
    assert tap.dropped == 0
    assert not tap.behind


def test_a_reset_with_ip_options_is_heard(host):
    with host, closing(Wiretap()) as tap:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        with raw:
            raw.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01\x01\x01\x00")
            raw.sendto(struct.pack(">HHIIBBHHH", 7001, 7002, 99, 0, 5 << 4, 4, 0, 0, 0), ("127.0.0.1", 0))
        time.sleep(0.05)
        heard = [segment(one.packet) for one in tap.poll()]
    assert [one.seq for one in heard] == [99, 99]


def test_an_interface_that_comes_later_is_heard_and_loopback_when_asked(host, route):
    client, router, _ = route
    router.run("ip", "link", "set", "lo", "up")
    with router, closing(Taps()) as taps:
        refused(router, "127.0.0.1", 9)
        assert taps.poll() == []
        assert not taps.behind
        join(router, host, "late", "10.9.3.1", "10.9.3.2")
        taps.poll()
        assert taps.behind, "packets may have passed before it was heard"
        refused(host, "10.9.3.1", 9)
        time.sleep(0.05)
        assert {one.interface for one in taps.poll()} == {"late"}
        assert not taps.behind
        router.run("ip", "link", "delete", "late")
        assert taps.poll() == []
        taps.hear_loopback()
        refused(router, "127.0.0.1", 9)
        refused(client, ROUTER, 9)
        time.sleep(0.05)
        assert [one.interface for one in taps.poll()] == ["lo", "lo", "ab"]


def test_what_is_dropped_for_want_of_room_is_counted(host):
    with host, closing(Wiretap(buffer=1)) as tap:
        for _ in range(80):
            refused(host, "127.0.0.1", 9)
        heard = tap.poll()
        assert tap.dropped == 160 - len(heard) > 0
        refused(host, "127.0.0.1", 9)
        time.sleep(0.05)
        assert len(tap.poll()) == 2, "room that was read is used again"


def test_times_are_those_of_the_packets_and_in_their_order(host):
    with host, closing(Wiretap()) as tap:
        before = time.time_ns()
        for _ in range(3):
            refused(host, "127.0.0.1", 9)
        after = time.time_ns()
        time.sleep(0.05)
        times = [one.time for one in tap.poll()]
    assert before <= times[0]
    assert times == sorted(times)
    assert times[-1] <= after
