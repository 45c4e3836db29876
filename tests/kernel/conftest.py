from __future__ import annotations

from contextlib import closing

import pytest

from kernel.hosts import CLIENT, INNER, OWN, ROUTER, SERVER, join
from whyrst.lab.namespace import Namespace


@pytest.fixture
def host():
    """One host with nothing but loopback."""
    with closing(Namespace("host")) as alone:
        alone.run("ip", "link", "set", "lo", "up")
        OWN.add(alone.inode)
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
