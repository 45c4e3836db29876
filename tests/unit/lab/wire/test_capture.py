from __future__ import annotations

import shutil
import struct
import subprocess

import pytest

from whyrst.lab.wire import ACK, RST, Capture, Host
from whyrst.lab.wire import options as opt

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def tshark(path, *fields):
    checks = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    asked = [part for field in fields for part in ("-e", field)]
    command = ["tshark", "-r", path, *checks, "-T", "fields", *asked]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def talk(vantage="client", seed=1, client="192.0.2.10", server="198.51.100.7", **hosts):
    capture = Capture(vantage, seed=seed)
    one = capture.conversation(Host(client, hops=2, **hosts), Host(server, hops=11, **hosts), 40000, 80, rtt=0.020)
    return capture, one


@needs_tshark
@pytest.mark.parametrize("os", ["linux", "windows", "freebsd", "macos", "lwip"])
@pytest.mark.parametrize("ends", [("192.0.2.10", "198.51.100.7"), ("2001:db8::1", "2001:db8::2")])
def test_everything_has_good_checksums(tmp_path, os, ends):
    capture, one = talk(client=ends[0], server=ends[1], os=os)
    one.handshake()
    one.exchange(b"hello", b"x" * 4001)
    one.client.probe()
    one.server.refuse(one.client.fin())
    one.server.abort()
    capture.write(tmp_path / "a.pcap")
    rows = tshark(tmp_path / "a.pcap", "tcp.checksum.status", "ip.checksum.status", "_ws.malformed")
    assert len(rows) == len(one.segments) == 12
    assert {row[0] for row in rows} == {"1"}
    assert {row[1] for row in rows} == {"1" if "." in ends[0] else ""}
    assert {row[2] for row in rows} == {""}


@needs_tshark
def test_a_partial_checksum_holds_the_sum_of_the_pseudo_header(tmp_path):
    capture, one = talk()
    one.client.offload = True
    one.handshake()
    first = one.client.stream(b"x" * 5000)
    follows = one.client.send(b"y")
    capture.write(tmp_path / "a.pcap")
    rows = tshark(tmp_path / "a.pcap", "tcp.len", "tcp.checksum", "tcp.checksum.status")
    assert len(first) == 1
    assert follows.ip_id == (first[0].ip_id + 4) & 0xFFFF
    total = sum(
        struct.unpack("!8H", bytes([192, 0, 2, 10, 198, 51, 100, 7, 0, 6]) + struct.pack("!H", 5032) + bytes(4))
    )
    assert rows[3] == ["5000", f"0x{(total & 0xFFFF) + (total >> 16):04x}", "0"]
    assert rows[1][2] == "1"


def seen(vantage):
    capture, one = talk(vantage)
    one.handshake()
    one.client.send(b"q", lost=True)
    one.server.send(b"a", lost=True)
    one.server.send(b"b", unseen=True)
    one.wait(0.015)
    one.forge(one.server, ttl=77)
    found = capture.frames()
    start = found[0][0]
    times = [round((when - start) / 1e6, 2) for when, _ in found]
    return times, [frame[22] for _, frame in found], [segment.frame for segment in one.segments]


def test_a_tap_at_the_client_sees_both_clocks():
    times, ttls, frames = seen("client")
    assert times[:4] == [0.0, 20.12, 20.24, 20.26]
    assert ttls == [64, 53, 64, 64, 77]
    assert frames == [1, 2, 3, 4, 0, 0, 5]


def test_a_tap_at_the_server_sees_what_is_left_after_the_path():
    times, ttls, frames = seen("server")
    assert times[:3] == [0.0, 0.12, 20.24]
    assert ttls == [62, 64, 62, 64, 77]
    assert frames == [1, 2, 3, 0, 4, 0, 5]


def test_a_tap_in_the_middle_sees_everything():
    times, ttls, frames = seen("between")
    assert times[:3] == [0.0, 10.12, 20.24]
    assert ttls == [62, 53, 62, 62, 53, 77]
    assert frames == [1, 2, 3, 4, 5, 0, 6]


def test_the_same_seed_gives_the_same_bytes():
    def bytes_of(seed):
        capture, one = talk(seed=seed)
        one.handshake()
        return capture.frames()

    assert bytes_of(4) == bytes_of(4)
    assert bytes_of(4) != bytes_of(5)


@needs_tshark
@pytest.mark.parametrize("form", ["pcap", "pcap-nano", "pcapng"])
def test_forms_hold_the_same_packets(tmp_path, form):
    capture, one = talk()
    one.handshake()
    one.server.abort()
    capture.write(tmp_path / "a", form=form, vlan=7, duplicate=True)
    rows = tshark(tmp_path / "a", "frame.time_relative", "vlan.id", "tcp.flags.str")
    assert len(rows) == 8
    assert {row[1] for row in rows} == {"7"}
    assert float(rows[2][0]) == pytest.approx(0.02012)
    assert rows[0][2] == rows[1][2]


@needs_tshark
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_snap_length_cuts(tmp_path, form):
    capture, one = talk()
    one.handshake()
    one.client.send(b"x" * 500)
    capture.write(tmp_path / "a", form=form, snaplen=67)
    assert tshark(tmp_path / "a", "frame.cap_len", "frame.len")[3] == ["67", "566"]


@needs_tshark
def test_conversations_interleave_by_time(tmp_path):
    capture = Capture(seed=2)
    client, server = Host("192.0.2.10"), Host("198.51.100.7")
    for port, start in ((1, 0.0), (2, 0.005)):
        capture.conversation(client, server, port, 80, start=start).handshake()
    capture.write(tmp_path / "a")
    assert [row[0] for row in tshark(tmp_path / "a", "tcp.stream")] == ["0", "1", "0", "0", "1", "1"]


@needs_tshark
def test_options_of_mptcp_resets_are_read_back(tmp_path):
    capture, one = talk()
    syn = one.client.syn(options=opt.mss(1460) + opt.mptcp_join(7, 8))
    one.server.refuse(syn, options=opt.mptcp_reset(3))
    capture.write(tmp_path / "a")
    rows = tshark(tmp_path / "a", "tcp.options.mptcp.rst_reason", "tcp.flags")
    assert rows[1] == ["0x03", f"0x{RST | ACK:04x}"]
