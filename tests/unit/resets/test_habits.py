from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.resets.crafted import Facts
from whyrst.fast.tables import Dir
from whyrst.lab.wire import ACK, RST, Capture, Host, payloads
from whyrst.lab.wire import options as opt
from whyrst.resets.habits import initial_ttl

SYSTEMS = ("linux", "windows", "freebsd", "macos", "lwip")


@given(st.integers(1, 255))
def test_the_initial_ttl_is_the_next_common_one(ttl):
    start = int(initial_ttl(np.array([ttl]))[0])
    assert start in (32, 64, 128, 255)
    assert start >= ttl
    assert all(other < ttl or other >= start for other in (32, 64, 128, 255))


def test_no_ttl_has_no_start():
    assert initial_ttl(np.array([-1])).tolist() == [-1]


def habits(folder, system="linux", *, v6=False, forge=None, vantage="client", **fields):
    """Habits at one reset of a server, its own or a forged one with these fields; and what keeps them alive."""
    capture = Capture(vantage)
    a, b = ("2001:db8::10", "2001:db8:7::7") if v6 else ("192.0.2.10", "198.51.100.7")
    talk = capture.conversation(Host(a, hops=3), Host(b, os=system, hops=9), 40100, 80, rtt=0.030)
    talk.handshake()
    for _ in range(3):
        talk.exchange(payloads.http_request(), payloads.http_answer(2000), think=0.004)
    talk.wait(0.3)
    if forge is None:
        reset = talk.server.abort(**fields)
    else:
        reset = talk.forge(
            talk.server, **({"seq": talk.server.nxt, "ack": talk.client.nxt, "flags": RST | ACK} | forge)
        )
    facts = Facts(capture, folder)
    return facts.resets.habits, facts.row(reset), facts.resets


@pytest.mark.parametrize("v6", [False, True])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_sockets_own_reset_breaks_no_habit(tmp_path, system, v6):
    found, i, _facts = habits(tmp_path, system, v6=v6)
    assert found.signs[i] == 0
    assert found.ttl_same.yes[i]
    assert not found.id_breaks.yes[i]
    assert not found.timestamps_break.yes[i]
    assert not found.seq_old.yes[i]
    assert not found.seq_beyond.yes[i]


@pytest.mark.parametrize(("system", "windows"), [(s, s == "windows") for s in SYSTEMS])
def test_windows_is_told_by_its_ttl(tmp_path, system, windows):
    found, i, _facts = habits(tmp_path, system)
    assert found.windows.yes[i] == windows


def test_windows_and_lwip_are_not_linux(tmp_path):
    found, i, _facts = habits(tmp_path, "linux")
    assert found.linux.yes[i]
    for system in ("windows", "lwip"):
        found, i, _facts = habits(tmp_path, system)
        assert found.linux.no[i]


@pytest.mark.parametrize(
    ("forged", "broken"),
    [
        ({"ttl": 77}, "ttl_same"),
        ({"mac": "02:00:00:00:00:99", "ttl": 55}, "link_same"),
    ],
)
def test_a_habit_that_no_longer_holds_is_seen(tmp_path, forged, broken):
    found, i, _facts = habits(tmp_path, forge=forged)
    assert getattr(found, broken).no[i]


def test_an_ip_id_that_leaves_the_count_is_seen(tmp_path):
    found, i, _facts = habits(tmp_path, forge={"ip_id": 7})
    assert abs(int(_facts.sender(Dir.ID)[i]) - 7) > 64
    assert found.id_breaks.yes[i]
    assert found.id_continues.no[i]


def test_ids_that_were_always_zero_break_with_a_number(tmp_path):
    found, i, _facts = habits(tmp_path, "freebsd", forge={"ip_id": 4711, "ttl": 55})
    assert found.id_breaks.yes[i]
    found, i, _facts = habits(tmp_path, "freebsd", forge={"ip_id": 0, "ttl": 55})
    assert found.id_breaks.no[i]


def test_missing_timestamps_count_against_linux_and_not_against_windows(tmp_path):
    found, i, _facts = habits(tmp_path, "linux", forge={"ttl": 55})
    assert found.timestamps_missing.yes[i]
    found, i, _facts = habits(tmp_path, "windows", forge={"ttl": 119})
    assert not found.timestamps_missing.known[i]


def test_a_bare_answer_may_lack_timestamps(tmp_path):
    found, i, _facts = habits(tmp_path, forge={"flags": RST, "ttl": 55})
    assert not found.timestamps_missing.known[i]


def test_a_timestamp_from_another_clock_is_seen(tmp_path):
    for behind, broken in ((10_000_000, True), (0, False)):
        capture = Capture()
        server = Host("198.51.100.7", hops=9)
        talk = capture.conversation(Host("192.0.2.10"), server, 40100, 80)
        talk.handshake()
        talk.exchange(payloads.http_request(), payloads.http_answer(2000))
        stamp = server.stamp(1.0) - behind
        options = opt.padded(opt.NOP * 2 + opt.timestamps(stamp, 0))
        reset = talk.forge(talk.server, at=1.0, ack=talk.client.nxt, flags=RST | ACK, ttl=55, options=options)
        facts = Facts(capture, tmp_path)
        assert facts.resets.habits.timestamps_break.yes[facts.row(reset)] == broken


def test_used_and_unreached_numbers_are_told_apart(tmp_path):
    capture = Capture()
    talk = capture.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=9), 40100, 80)
    talk.handshake()
    talk.exchange(payloads.http_request(), payloads.http_answer(2000))
    nxt, ack = talk.server.nxt, talk.client.nxt
    old = talk.forge(talk.server, seq=nxt - 500, ack=ack, flags=RST | ACK, ttl=55)
    exact = talk.forge(talk.server, seq=nxt, ack=ack, flags=RST | ACK, ttl=55)
    far = talk.forge(talk.server, seq=nxt + 4380, ack=ack, flags=RST | ACK, ttl=55)
    facts = Facts(capture, tmp_path)
    found = facts.resets.habits
    rows = [facts.row(one) for one in (old, exact, far)]
    assert found.seq_old.yes[rows].tolist() == [True, False, False]
    assert found.seq_beyond.yes[rows].tolist() == [False, False, True]


@pytest.mark.parametrize(("tos", "mirrored"), [(0x10, True), (0, False)])
def test_the_answered_tos_is_compared(tmp_path, tos, mirrored):
    capture = Capture()
    talk = capture.conversation(Host("192.0.2.10", tos=0x10), Host("198.51.100.7", hops=9), 40100, 81)
    reset = talk.server.refuse(talk.client.syn(), tos=tos)
    facts = Facts(capture, tmp_path)
    fact = facts.resets.habits.tos_mirrored
    assert fact.yes[facts.row(reset)] == mirrored
    assert fact.known[facts.row(reset)]


def test_a_tos_of_zero_tells_nothing(tmp_path):
    capture = Capture()
    talk = capture.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=9), 40100, 81)
    reset = talk.server.refuse(talk.client.syn())
    facts = Facts(capture, tmp_path)
    assert not facts.resets.habits.tos_mirrored.known[facts.row(reset)]


def test_an_answer_faster_than_the_path_allows_is_seen(tmp_path):
    for delay, fast in ((0.004, True), (0.0301, False)):
        capture = Capture()
        talk = capture.conversation(Host("192.0.2.10"), Host("198.51.100.7", hops=9), 40100, 80, rtt=0.030)
        talk.handshake()
        talk.exchange(payloads.http_request(), payloads.http_answer(2000))
        talk.wait(2)
        more = talk.client.send(b"more", lost=True)
        reset = talk.forge(talk.server, at=more.sent + delay, seq=more.ack, ttl=55)
        facts = Facts(capture, tmp_path)
        assert facts.resets.habits.too_fast.yes[facts.row(reset)] == fast


def test_the_round_trip_is_measured_from_the_point_of_capture(tmp_path):
    for vantage, low, high in (("client", 0.029, 0.032), ("server", 0.0, 0.002), ("between", 0.014, 0.017)):
        found, i, _facts = habits(tmp_path, vantage=vantage)
        assert low <= found.rtt[i] / 1e9 <= high
