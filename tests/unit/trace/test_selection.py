from __future__ import annotations

from pathlib import Path

import pytest

from unit.trace.events import aborted, refused, taken
from whyrst.trace.selection import (
    RECEIVED,
    SENT,
    Cgroup,
    FilterError,
    SelectError,
    Selection,
    netns_number,
    reset_packet,
)

V6 = ("[2001:db8::1]:443", "[2001:db8::2]:4000")


def test_nothing_asked_for_takes_all():
    assert all(Selection().wants(event) for event in (refused(), aborted(), taken()))


def test_directions():
    assert Selection(kinds=SENT).wants(refused())
    assert not Selection(kinds=SENT).wants(taken())
    assert Selection(kinds=RECEIVED).wants(taken(kind="dropped"))
    assert Selection(kinds=SENT).wants(refused(kind="unseen"))


def test_processes():
    assert Selection(pids=frozenset({123})).wants(aborted())
    assert not Selection(pids=frozenset({124})).wants(aborted())
    assert Selection(comms=frozenset({"nginx", "envoy"})).wants(aborted())
    assert not Selection(comms=frozenset({"nginx"})).wants(refused()), "whom a softirq interrupted owns nothing"


def test_namespace_cgroup_and_cause():
    assert Selection(netns=1).wants(refused())
    assert not Selection(netns=2).wants(refused())
    assert Selection(cgroup=Cgroup("77")).wants(aborted())
    assert not Selection(cgroup=Cgroup("78")).wants(aborted())
    assert Selection(causes=frozenset({"port-closed"})).wants_cause("port-closed")
    assert not Selection(causes=frozenset({"port-closed"})).wants_cause("linger-zero")


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("port 80", True),
        ("port 4000", True),
        ("src port 80 and dst host 10.0.0.2", True),
        ("dst port 80", False),
        ("host 10.0.0.1 and host 10.0.0.2", True),
        ("net 192.0.2.0/24", False),
        ("tcp[tcpflags] & tcp-rst != 0", True),
        ("ip6", False),
    ],
)
def test_a_filter_sees_the_reset(expression, wanted):
    chosen = Selection(expression=expression)
    assert chosen.wants(refused()) is wanted
    assert chosen.wants(aborted()) is wanted


def test_a_reset_that_came_has_the_peer_as_source():
    assert Selection(expression="src port 80").wants(taken())
    assert not Selection(expression="src port 4000").wants(taken())


@pytest.mark.parametrize(
    ("expression", "wanted"), [("ip6 and port 443", True), ("src host 2001:db8::1", True), ("ip", False)]
)
def test_a_filter_on_ipv6(expression, wanted):
    assert Selection(expression=expression).wants(refused(*V6)) is wanted


def test_the_packet_itself_is_asked_where_it_was_seen():
    seen = bytearray(reset_packet(refused()))
    seen[8] = 3
    assert Selection(expression="ip[8] < 10").wants(refused(), bytes(seen))
    assert not Selection(expression="ip[8] < 10").wants(refused())


@pytest.mark.parametrize("expression", ["no such word", "ether host 00:11:22:33:44:55"])
def test_a_filter_that_bare_ip_cannot_have_is_refused(expression):
    with pytest.raises(FilterError):
        Selection(expression=expression)


def test_names_of_namespaces():
    own = Path("/proc/self/ns/net").stat().st_ino
    assert netns_number("/proc/self/ns/net") == own
    assert netns_number(str(own)) == own
    with pytest.raises(SelectError, match="no network namespace"):
        netns_number("no-such-namespace")


def test_a_cgroup_holds_those_below_it(tmp_path, monkeypatch):
    monkeypatch.setattr("whyrst.trace.selection.CGROUPS", tmp_path)
    (tmp_path / "system.slice" / "nginx.service").mkdir(parents=True)
    slice_ = Cgroup("system.slice")
    inner = (tmp_path / "system.slice" / "nginx.service").stat().st_ino
    assert slice_.holds(inner)
    assert not slice_.holds(tmp_path.stat().st_ino)
    later = tmp_path / "system.slice" / "later.service"
    later.mkdir()
    slice_._walked = float("-inf")
    assert slice_.holds(later.stat().st_ino)
    with pytest.raises(SelectError, match="no cgroup"):
        Cgroup("no-such.slice")
