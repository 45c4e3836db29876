"""What is watched beside the probes, on the running kernel, in namespaces made for the test."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from unit.kernel.heard import RST, packet
from whyrst.kernel.namespaces import Namespaces
from whyrst.kernel.taps import Taps
from whyrst.kernel.tracer import Tracer
from whyrst.kernel.wiretap import Wiretap, segment
from whyrst.lab.namespace import Namespace
from whyrst.trace.watch import Watch, counted
from whyrst.trace.witness import GRACE

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF"),
]
needs_nft = pytest.mark.skipif(shutil.which("nft") is None, reason="needs nft")
needs_bpftool = pytest.mark.skipif(shutil.which("bpftool") is None, reason="needs bpftool")
CLIENT, ROUTER, INNER, SERVER = "10.9.1.1", "10.9.1.2", "10.9.2.2", "10.9.2.1"
REJECT = """
table inet test {{
  chain c {{
    type filter hook {hook} priority 0
    tcp dport {port} {counter} reject with tcp reset
  }}
}}
"""


def join(one, other, name, here, there):
    """A pair of interfaces between two namespaces."""
    with one, IPRoute() as netlink:
        netlink.link("add", ifname=name, kind="veth", peer={"ifname": name, "net_ns_fd": other.fd})
    for space, address in ((one, here), (other, there)):
        space.run("ip", "address", "add", f"{address}/24", "dev", name)
        space.run("ip", "link", "set", name, "up")


@pytest.fixture
def host():
    """One host with nothing but loopback."""
    with closing(Namespace("host")) as alone:
        alone.run("ip", "link", "set", "lo", "up")
        yield alone


@pytest.fixture
def route():
    """Client, router and server in a row."""
    spaces = [Namespace(name) for name in ("client", "router", "server")]
    client, router, server = spaces
    join(client, router, "ab", CLIENT, ROUTER)
    join(router, server, "bc", INNER, SERVER)
    router.sysctl("net.ipv4.ip_forward", 1)
    client.run("ip", "route", "add", "default", "via", ROUTER)
    server.run("ip", "route", "add", "default", "via", INNER)
    yield spaces
    for space in spaces:
        space.close()


def refused(space, address, port):
    """Connect to where nobody answers; the port that asked."""
    with space:
        one = socket.socket()
    with one:
        one.settimeout(5)
        one.bind(("", 0))
        with pytest.raises(ConnectionRefusedError):
            one.connect((address, port))
        return one.getsockname()[1]


def watched(space, act, also=()):
    """What is told while something happens to `space`, and the watch's account of it.

    It happens again when somebody else's storm of resets made the probes sample, so that nothing could be concluded.
    """
    for _ in range(5):
        told, ports, watch, checks = once(space, act, also)
        if not watch.undecided:
            break
    mine = [(event, data) for event, data in told if {end(event.ends.local), end(event.ends.remote)} & set(ports)]
    return mine, watch, checks


def once(space, act, also):
    with space:
        before = counted(Namespaces())
        with Tracer() as tracer, closing(Watch(tracer, before, also)) as watch, ThreadPoolExecutor(1) as beside:
            time.sleep(GRACE)
            acting, told = beside.submit(act), []
            while not acting.done():
                told += watch.poll()
                time.sleep(0.02)
            told += watch.finish()
            return told, acting.result(), watch, watch.checks()


def end(text):
    return int(text.rpartition(":")[2])


def kinds(told):
    return sorted(event.kind for event, _ in told)


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
    with host, closing(Wiretap()) as tap:
        tap._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        for _ in range(20):
            refused(host, "127.0.0.1", 9)
        tap.poll()
        assert tap.dropped > 0


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


LIMITED = """
import codecs, json, socket, sys, time
import numpy
codecs.lookup("ascii")
from whyrst.kernel import privileges
from whyrst.kernel.libbpf import BpfError
from whyrst.kernel.probe import probes
from whyrst.kernel.taps import Taps
from whyrst.kernel.tracer import Tracer
from whyrst.trace.watch import Watch
probes()
keep = set(sys.argv[1].split())
if sys.argv[2] == "nobody":
    privileges.drop(keep, (65534, 65534))
have = privileges.held()
out = {"have": sorted(have), "refusal": privileges.refusal(privileges.missing(have))}
try:
    with Tracer() as tracer:
        watch = Watch(tracer)
        out["missing"] = watch.missing
        privileges.drop(privileges.kept(have))
        out["kept"] = sorted(privileges.held())
        for taps in watch._taps.values():
            taps.hear_loopback()
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            out["port"] = one.getsockname()[1]
            one.connect_ex(("127.0.0.1", 9))
        told = watch.finish()
        out["told"] = [[e.kind, e.ends.remote, len(packet), len(e.stack)] for e, packet in told]
        out["seen"] = tracer.totals()["sent"].seen
        watch.close()
except BpfError as error:
    out["error"] = str(error)
print(json.dumps(out))
"""
THREE = ("bpf", "perfmon", "net_raw")


def limited(space, capabilities, user, wrapper=()):
    command = (*wrapper, sys.executable, "-c", LIMITED, " ".join(f"CAP_{one.upper()}" for one in capabilities), user)
    return json.loads(space.run(*command))


def settled(out):
    """A run that saw its own reset after it had given everything up."""
    assert out["refusal"] == ""
    assert out["kept"] == []
    assert out["seen"] >= 1
    (sent,) = [one for one in out["told"] if one[0] == "sent" and one[1] == f"127.0.0.1:{out['port']}"]
    return sent[2] == 40


def test_a_user_with_three_capabilities_traces_and_gives_them_up(host):
    out = limited(host, THREE, "nobody")
    assert out["have"] == ["CAP_BPF", "CAP_NET_RAW", "CAP_PERFMON"]
    assert settled(out)
    assert any("CAP_NET_ADMIN" in line for line in out["missing"])
    assert {one[3] for one in out["told"]} == {0}, "kernel addresses are hidden: no stack rather than a wrong one"


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_a_service_with_three_capabilities_traces(host):
    bounds = ",".join(("-all", *(f"+{one}" for one in THREE)))
    assert settled(limited(host, THREE, "root", ("setpriv", "--inh-caps=-all", f"--bounding-set={bounds}")))


def test_without_the_packet_socket_events_are_told_without_packets(host):
    out = limited(host, ("bpf", "perfmon"), "nobody")
    assert "CAP_NET_RAW" in out["refusal"]
    assert any(line.startswith("packets of namespace") for line in out["missing"])
    assert {one[2] for one in out["told"]} == {0}


def test_without_privileges_the_refusal_is_clear(host):
    out = limited(host, (), "nobody")
    assert out["have"] == []
    assert "tracing needs CAP_BPF, CAP_PERFMON and CAP_NET_RAW" in out["refusal"]
    assert out["error"]


KEPT = """
import sys, time
from whyrst.kernel.taps import Taps
from whyrst.kernel.tracer import Tracer
from whyrst.trace.watch import Watch
with Tracer() as tracer:
    watch = Watch(tracer)
    print(flush=True)
    time.sleep(60)
"""


@needs_bpftool
def test_killed_it_leaves_nothing_attached(host):
    with host:
        program = subprocess.Popen([sys.executable, "-c", KEPT], stdout=subprocess.PIPE)
    with program:
        assert program.stdout.readline()
        inside = Path(f"/proc/{program.pid}")
        facts = "".join(file.read_text() for file in (inside / "fdinfo").iterdir())
        numbers = {kind: re.findall(rf"^{kind}_id:\s*(\d+)", facts, re.MULTILINE) for kind in ("link", "prog", "map")}
        helper = int((inside / "task" / str(program.pid) / "children").read_text().split()[0])
        assert all(shown(kind, number) for kind in numbers for number in numbers[kind])
        assert len(numbers["link"]) >= 3
        os.kill(program.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while left := [(kind, n) for kind in numbers for n in numbers[kind] if shown(kind, n)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    while Path(f"/proc/{helper}").exists() and "State:\tZ" not in Path(f"/proc/{helper}/status").read_text():
        assert time.monotonic() < deadline, "the helper that lists rules goes, too"
        time.sleep(0.1)


def shown(kind, number):
    """Whether the kernel still has it."""
    return subprocess.run(["bpftool", kind, "show", "id", number], capture_output=True, check=False).returncode == 0
