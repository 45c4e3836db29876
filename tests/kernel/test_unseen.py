"""Resets that the TCP stack did not make, and those that it made elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from kernel.hosts import CLIENT, INNER, REJECT, ROUTER, SERVER, kinds, needs_nft, refused, watched
from unit.kernel.heard import RST, packet
from whyrst.kernel.tracer import Tracer
from whyrst.kernel.wiretap import Wiretap, segment
from whyrst.trace.watch import Watch

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF"),
]


@needs_nft
def test_a_rule_of_the_host_is_told_and_its_counter(host):
    host.run("nft", "-f", "-", text=REJECT.format(hook="input", port=81, counter="counter"))
    told, watch, checks = watched(host, lambda: [refused(host, "127.0.0.1", 81)])
    assert kinds(told) == ["received", "unseen"]
    ((unseen, data),) = [(event, data) for event, data in told if event.kind == "unseen"]
    assert unseen.ends.local == "127.0.0.1:81"
    assert segment(data).source == "127.0.0.1:81"
    (rule,) = unseen.rejects
    assert re.fullmatch(r"table inet test chain c handle \d+: tcp dport 81 reject with tcp reset", rule.rule)
    assert rule.rise == 1
    assert watch.missing == []
    assert checks[host.inode].events == 0
    assert checks[host.inode].missing == 0


@pytest.mark.parametrize("program", ["iptables-legacy", "iptables-nft"])
def test_rules_of_iptables_are_told(host, program):
    if shutil.which(program) is None or shutil.which("nft") is None:
        pytest.skip(f"needs {program} and nft")
    host.run(*f"{program} -A INPUT -p tcp --dport 81 -j REJECT --reject-with tcp-reset".split())
    told, _, _ = watched(host, lambda: [refused(host, "127.0.0.1", 81)])
    (rule,) = [rule for event, _ in told for rule in event.rejects]
    assert rule.rise == 1
    assert "--dport 81 -j REJECT" in rule.rule or "tcp dport 81 reject with tcp reset" in rule.rule


@needs_nft
def test_a_rule_without_a_counter_is_a_suspect(host):
    host.run("nft", "-f", "-", text=REJECT.format(hook="input", port=81, counter=""))
    told, _, _ = watched(host, lambda: [refused(host, "127.0.0.1", 81)])
    assert [rule.rise for event, _ in told for rule in event.rejects] == [None]


@needs_nft
def test_what_the_stack_sends_beside_such_a_rule_is_not_unseen(host):
    host.run("nft", "-f", "-", text=REJECT.format(hook="input", port=81, counter="counter"))
    told, _, checks = watched(host, lambda: [refused(host, "127.0.0.1", 82), refused(host, "127.0.0.1", 82)])
    assert kinds(told) == ["received", "received", "sent", "sent"]
    assert all(data for _, data in told)
    assert checks[host.inode].events == 2
    assert checks[host.inode].missing == 0


def test_a_forged_reset_is_unseen_and_no_rule_made_it(route):
    _, router, _ = route

    def forge():
        with router:
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        with raw:
            raw.sendto(packet((SERVER, 7001), (CLIENT, 7002), RST, 99), (CLIENT, 0))
        return [7001]

    told, _, _ = watched(router, forge)
    (unseen,) = [event for event, _ in told if event.kind == "unseen"]
    assert unseen.ends.local == f"{SERVER}:7001"
    assert unseen.rejects == ()


@needs_nft
def test_a_router_that_rejects_makes_a_reset_in_the_servers_name(route):
    client, router, _ = route
    router.run("nft", "-f", "-", text=REJECT.format(hook="forward", port=81, counter="counter"))
    told, _, _ = watched(router, lambda: [refused(client, SERVER, 81)])
    (unseen,) = [event for event, _ in told if event.kind == "unseen"]
    assert unseen.netns == router.inode
    assert unseen.ends.local == f"{SERVER}:81"
    assert [rule.rise for rule in unseen.rejects] == [1]


def test_what_a_router_passes_on_was_not_made_there(route):
    client, router, server = route
    told, _, _ = watched(router, lambda: [refused(client, SERVER, 82)])
    assert kinds(told) == ["received", "sent"]
    assert {event.netns for event, _ in told} == {client.inode, server.inode}


NAT = """
table ip nat {{
  chain pre {{
    type nat hook prerouting priority -100
    tcp dport 83 dnat to {server}:8083
  }}
  chain post {{
    type nat hook postrouting priority 100
    masquerade
  }}
}}
"""


@needs_nft
def test_translated_resets_were_not_made_by_the_router(route):
    client, router, _ = route
    router.run("nft", "-f", "-", text=NAT.format(server=SERVER))
    told, _, checks = watched(router, lambda: [83, 8083, refused(client, ROUTER, 83)])
    assert kinds(told) == ["received", "sent"]
    assert checks[router.inode].events == 0


@needs_nft
def test_resets_of_a_container_behind_bridge_and_translation_were_not_made_by_its_host(route):
    """Client - host with a bridge - container; its resets leave the host under the host's address."""
    client, router, server = route
    router.run("ip", "link", "add", "bridge0", "type", "bridge")
    router.run("ip", "address", "flush", "dev", "bc")
    router.run("ip", "link", "set", "bc", "master", "bridge0")
    router.run("ip", "address", "add", f"{INNER}/24", "dev", "bridge0")
    router.run("ip", "link", "set", "bridge0", "up")
    router.run("nft", "-f", "-", text=NAT.format(server=SERVER))
    told, watch, _ = watched(router, lambda: [83, 8083, refused(client, ROUTER, 83), refused(router, SERVER, 84)])
    assert kinds(told) == ["received", "received", "sent", "sent"]
    assert watch.undecided == 0
    assert {event.netns for event, _ in told if event.kind == "sent"} == {server.inode}


def test_resets_of_a_container_with_an_interface_on_ours_were_not_made_here(route, host):
    """Macvlan: what the container sends leaves by our interface and never comes in."""
    client, router, _ = route
    with router, IPRoute() as netlink:
        parent = netlink.link_lookup(ifname="ab")[0]
        netlink.link("add", ifname="mv0", kind="macvlan", link=parent, net_ns_fd=host.fd, macvlan_mode="private")
    host.run("ip", "address", "add", "10.9.1.9/24", "dev", "mv0")
    host.run("ip", "link", "set", "mv0", "up")
    with router, closing(Wiretap()) as tap:
        refused(client, "10.9.1.9", 86)
        time.sleep(0.05)
        assert {(one.interface, one.outgoing) for one in tap.poll()} == {("ab", True)}
    told, _, _ = watched(router, lambda: [refused(client, "10.9.1.9", 86)])
    assert kinds(told) == ["received", "sent"]


def test_a_queue_may_hold_a_reset_long_after_its_event(route):
    client, _, server = route
    server.run(*["tc", "qdisc", "add", "dev", "bc", "root", "tbf", "rate", "1kbit", "burst", "70", "limit", "10000"])
    told, watch, _ = watched(server, lambda: [refused(client, SERVER, port) for port in (87, 88, 89)])
    assert kinds(told) == ["received", "received", "received", "sent", "sent", "sent"]
    assert min(len(data) for event, data in told if event.kind == "sent") == 0, "the wait for the packet was too long"
    assert watch.undecided == 0


def test_the_packets_and_rules_of_another_namespace_are_watched_too(host, route):
    """The router has a process, as a container has."""
    client, router, _ = route
    router.run("nft", "-f", "-", text=REJECT.format(hook="forward", port=81, counter="counter"))
    sleeper = router.start(["sleep", "30"])
    try:
        told, _, _ = watched(host, lambda: [refused(client, SERVER, 81)], also=[router.inode])
    finally:
        sleeper.kill()
        sleeper.wait()
    (unseen,) = [event for event, _ in told if event.kind == "unseen"]
    assert unseen.netns == router.inode
    assert [rule.rise for rule in unseen.rejects] == [1]


def test_the_owner_of_an_accepted_socket_is_told(host):
    """Accepted after the start: this kernel may not tell who accepted it, and then /proc does."""
    with host, Tracer() as tracer, closing(Watch(tracer)) as watch, socket.create_server(("127.0.0.1", 0)) as server:
        time.sleep(max(watch._owners._search_due - time.monotonic(), 0))  # a pass over all processes is not for each
        with socket.create_connection(server.getsockname()) as one, server.accept()[0] as other:
            other.sendall(b"x")
            time.sleep(0.05)
            one.close()
            told = watch.finish()
    (received,) = [event for event, _ in told if event.kind == "received" and event.netns == host.inode]
    assert received.process.pid == os.getpid()
    assert received.past.opener is None
