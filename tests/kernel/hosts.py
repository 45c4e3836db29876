"""Hosts that tests make of namespaces, and what is told of them."""

from __future__ import annotations

import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from pyroute2 import IPRoute

from whyrst.kernel.namespaces import Namespaces
from whyrst.kernel.tracer import Tracer
from whyrst.trace.watch import Watch, counted
from whyrst.trace.witness import GRACE

needs_nft = pytest.mark.skipif(shutil.which("nft") is None, reason="needs nft")
OWN: set[int] = set()
"""Numbers of the namespaces that were made here; resets happen elsewhere, too."""
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
    OWN.update((one.inode, other.inode))
    for space, address in ((one, here), (other, there)):
        space.run("ip", "address", "add", f"{address}/24", "dev", name)
        space.run("ip", "link", "set", name, "up")


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
    mine = [
        (event, data)
        for event, data in told
        if event.netns in OWN and {end(event.ends.local), end(event.ends.remote)} & set(ports)
    ]
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
