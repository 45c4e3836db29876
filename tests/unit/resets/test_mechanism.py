"""Active, passive, firewall or forged, for senders of several systems over IPv4 and IPv6."""

from __future__ import annotations

import pytest

from unit.resets.crafted import Facts
from whyrst.analysis import analyze
from whyrst.lab.wire import ACK, RST, Capture, Host, payloads
from whyrst.lab.wire.capture import pcap

SYSTEMS = ("linux", "windows", "freebsd", "macos")
VERSIONS = {"v4": ("192.0.2.10", "198.51.100.7"), "v6": ("2001:db8::10", "2001:db8:7::7")}
both = pytest.mark.parametrize("version", VERSIONS)
systems = pytest.mark.parametrize("system", SYSTEMS)
vantages = pytest.mark.parametrize("vantage", ["client", "server", "between"])


class Talk:
    """A conversation after one exchange, whose server runs a given system.

    Args:
        version: "v4" or "v6".
        system: The server's.
        vantage: Where it is captured.
        fields: Of the server's host.
    """

    def __init__(self, version, system="linux", vantage="client", **fields):
        self.capture = Capture(vantage)
        a, b = VERSIONS[version]
        self.talk = self.capture.conversation(
            Host(a, hops=3), Host(b, os=system, hops=9, **fields), 40100, 80, rtt=0.030
        )
        self.client, self.server = self.talk.client, self.talk.server
        self.talk.handshake()
        self.talk.exchange(payloads.http_request(), payloads.http_answer(3000), think=0.004)
        self.last = self.talk.exchange(payloads.http_request("/b"), payloads.http_answer(900), think=0.004)[-1]

    def mechanism(self, reset, folder, **how):
        return Facts(self.capture, folder, **how).verdict(reset).reset.mechanism


@vantages
@systems
@both
def test_a_sockets_own_reset_is_active(tmp_path, version, system, vantage):
    t = Talk(version, system, vantage)
    t.talk.wait(0.4)
    assert t.mechanism(t.server.abort(), tmp_path) == "active"


@vantages
@systems
@both
def test_the_clients_own_reset_is_active_whatever_the_server_runs(tmp_path, version, system, vantage):
    t = Talk(version, system, vantage)
    t.talk.wait(0.4)
    assert t.mechanism(t.client.abort(), tmp_path) == "active"


@vantages
@systems
@both
def test_an_answer_to_a_segment_without_connection_is_passive(tmp_path, version, system, vantage):
    t = Talk(version, system, vantage)
    t.talk.wait(5)
    assert t.mechanism(t.server.refuse(t.client.send(b"more")), tmp_path) == "passive"


@systems
@both
def test_a_refused_syn_is_passive(tmp_path, version, system):
    capture = Capture()
    a, b = VERSIONS[version]
    talk = capture.conversation(Host(a), Host(b, os=system, hops=9), 40100, 81)
    reset = talk.server.refuse(talk.client.syn())
    assert Facts(capture, tmp_path).verdict(reset).reset.mechanism == "passive"


@both
def test_resets_for_each_late_segment_stay_passive(tmp_path, version):
    t = Talk(version)
    t.client.fin()
    late = [t.server.send(b"x" * 1000) for _ in range(4)]
    resets = [t.client.refuse(segment) for segment in late]
    facts = Facts(t.capture, tmp_path)
    assert [facts.verdict(one).reset.mechanism for one in resets] == ["passive"] * 4


@both
def test_an_answer_with_another_ttl_is_a_firewalls(tmp_path, version):
    t = Talk(version)
    t.talk.wait(3)
    request = t.client.send(b"more", lost=True)
    assert t.mechanism(t.server.refuse(request, at=request.sent + 0.004, ttl=64 + 5), tmp_path) == "firewall"


def test_an_answer_that_does_not_mirror_the_tos_is_a_firewalls(tmp_path):
    t = Talk("v4")
    t.client.tos = 0x10
    t.talk.wait(3)
    request = t.client.send(b"more")
    assert t.mechanism(t.server.refuse(request, tos=0), tmp_path) == "firewall"
    t = Talk("v4")
    t.client.tos = 0x10
    t.talk.wait(3)
    assert t.mechanism(t.server.refuse(t.client.send(b"more")), tmp_path) == "passive"


def test_an_answer_without_a_flow_label_is_a_firewalls(tmp_path):
    t = Talk("v6")
    t.talk.wait(3)
    assert t.mechanism(t.server.refuse(t.client.send(b"more"), flow=0), tmp_path) == "firewall"


@systems
@both
def test_two_broken_habits_and_a_server_that_goes_on_are_a_forgery(tmp_path, version, system):
    t = Talk(version, system)
    request = t.client.send(payloads.http_request("/c"))
    reset = t.talk.forge(
        t.server, at=request.sent + 0.003, seq=t.server.nxt, ack=request.end, flags=RST | ACK, ttl=101, ip_id=4711,
        window=3001, df=False,
    )  # fmt: skip
    for segment in t.server.stream(payloads.http_answer(2000), at=t.server.arrival(request) + 0.002):
        t.client.refuse(segment)
    assert t.mechanism(reset, tmp_path) == "forged"


def test_a_burst_that_steps_ahead_is_a_forgery_each(tmp_path):
    t = Talk("v4")
    start = t.server.nxt
    resets = [t.talk.forge(t.server, seq=start + 12503 * n, ttl=63, ip_id=1000 + n) for n in range(3)]
    t.server.stream(b"f" * 4000)
    facts = Facts(t.capture, tmp_path)
    assert [facts.verdict(one).reset.mechanism for one in resets] == ["forged"] * 3


def test_an_rst_ack_without_the_timestamps_of_a_linux_socket_and_with_another_ttl_is_a_forgery(tmp_path):
    t = Talk("v4")
    t.talk.wait(0.2)
    reset = t.talk.forge(t.server, seq=t.server.nxt, ack=t.client.nxt, flags=RST | ACK, ttl=77, window=502)
    assert t.mechanism(reset, tmp_path) == "forged"


def test_a_lone_reset_with_a_strange_ttl_out_of_a_long_silence_is_a_devices(tmp_path):
    t = Talk("v4")
    reset = t.talk.forge(t.server, at=t.last.sent + 240.004, flags=RST | ACK, ack=t.client.nxt, ttl=119)
    assert t.mechanism(reset, tmp_path) == "firewall"


@systems
def test_copies_of_a_mirror_port_do_not_change_it(tmp_path, system):
    t = Talk("v4", system)
    t.talk.wait(0.4)
    assert t.mechanism(t.server.abort(), tmp_path, duplicate=True) == "active"
    t = Talk("v4", system)
    t.talk.wait(5)
    assert t.mechanism(t.server.refuse(t.client.send(b"more")), tmp_path, duplicate=True) == "passive"


def routed(capture, path, once=()):
    """Write a capture of both interfaces of a router: every packet, and again a little later with a lower TTL."""
    frames = []
    for when, frame in capture.frames():
        frames.append((when, frame))
        at = 22 if frame[12:14] == b"\x08\0" else 21
        if len(frames) - 1 not in once:
            frames.append((when + 70_000, frame[:at] + bytes([frame[at] - 1]) + frame[at + 1 :]))
    path.write_bytes(pcap(frames, 65536, nano=True))
    return list(analyze(path).verdicts)


@both
def test_a_packet_behind_a_router_is_a_copy_although_nothing_but_its_ttl_tells(tmp_path, version):
    t = Talk(version, vantage="between")
    t.server.refuse(t.client.send(b"more"))
    (verdict,) = routed(t.capture, tmp_path / "capture.pcap")
    assert verdict.reset.mechanism == "passive"
    assert verdict.copies == 1


@both
def test_what_alone_was_captured_once_was_made_there(tmp_path, version):
    t = Talk(version, vantage="between")
    t.server.refuse(t.client.send(b"more"))
    last = len(t.capture.frames()) * 2 - 4
    (verdict,) = routed(t.capture, tmp_path / "capture.pcap", once=(last, last + 1))
    assert verdict.reset.mechanism == "firewall"
    assert verdict.cause == "firewall-reject"


@both
def test_after_many_resets_an_answer_of_a_capture_without_copies_is_the_hosts_own(tmp_path, version):
    t = Talk(version)
    t.talk.wait(1)
    t.server.abort()
    for _ in range(12):
        reset = t.server.refuse(t.client.send(b"more"))
    assert t.mechanism(reset, tmp_path) == "passive"


@both
def test_an_abort_and_the_answers_that_follow_it_are_not_two_aborts(tmp_path, version):
    t = Talk(version)
    t.talk.wait(1)
    stray = t.client.send(b"more")
    abort = t.server.abort(at=stray.sent + 0.001, mac="02:00:00:00:00:99")
    t.server.refuse(stray)
    assert t.mechanism(abort, tmp_path) == "active"


@systems
@both
def test_without_the_handshake_it_is_still_told(tmp_path, version, system):
    for make, expected in (("abort", "active"), ("refuse", "passive")):
        t = Talk(version, system)
        for segment in t.talk.segments[:3]:
            segment.unseen = True
        t.talk.wait(5)
        reset = t.server.abort() if make == "abort" else t.server.refuse(t.client.send(b"more"))
        assert t.mechanism(reset, tmp_path) == expected


@systems
def test_with_only_the_senders_direction_captured_nothing_is_forged(tmp_path, system):
    t = Talk("v4", system)
    t.talk.wait(5)
    reset = t.server.refuse(t.client.send(b"more"))
    for segment in t.talk.segments:
        segment.unseen = segment.sender == "client"
    assert t.mechanism(reset, tmp_path) in {"passive", "unknown"}
