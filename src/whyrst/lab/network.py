"""The lab's network: client, router, server, and a backend, joined by veth pairs.

    client 192.0.2.10 -- 192.0.2.1 router 198.51.100.1 -- 198.51.100.20 server
                                          203.0.113.1  -- 203.0.113.30 backend

The router forwards in the kernel, where nftables can refuse, translate and drop; or, for delay, loss and forging on
kernels without netem, a relay (`lab.relay`) carries the packets instead.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from whyrst.lab.namespace import LabError, Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

SIOCETHTOOL = 0x8946
OFFLOADS = {"tx checksums": 0x17, "scatter": 0x19, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}
"""Commands that set an offload, include/uapi/linux/ethtool.h."""
READY = 5.0
"""Seconds that IPv6 may take to consider an address its own."""


@dataclass(frozen=True)
class Link:
    """One link between a host and the router: addresses of both ends, IPv4 and IPv6."""

    host: str
    near: tuple[str, str]
    far: tuple[str, str]


LINKS = (
    Link("client", ("192.0.2.10", "2001:db8:1::10"), ("192.0.2.1", "2001:db8:1::1")),
    Link("server", ("198.51.100.20", "2001:db8:2::20"), ("198.51.100.1", "2001:db8:2::1")),
    Link("backend", ("203.0.113.30", "2001:db8:3::30"), ("203.0.113.1", "2001:db8:3::1")),
)
PREFIX = (24, 64)


class Host(Namespace):
    """A host with one interface, eth0, and a default route to the router."""

    def __init__(self, name: str, addresses: tuple[str, str] = ("", "")) -> None:
        super().__init__(name)
        self.addresses = addresses

    def address(self, family: int) -> str:
        """Its address; family is 4 or 6."""
        return self.addresses[0 if family == 4 else 1]  # noqa: PLR2004 - IP version


class Network:
    """The hosts of one run, up and connected.

    Attributes:
        client, router, server, backend: the hosts.

    Raises:
        LabError: we may not make namespaces, or pyroute2 is missing.
    """

    def __init__(self, *, forward: bool = True, offload: bool = True, mtu: int = 1500) -> None:
        self.router = Host("router")
        self.client, self.server, self.backend = (Host(link.host, link.near) for link in LINKS)
        self.mtu = mtu
        for host, link in zip((self.client, self.server, self.backend), LINKS, strict=True):
            self._join(host, link)
        self.router.sysctl("net.ipv4.ip_forward", int(forward))
        self.router.sysctl("net.ipv6.conf.all.forwarding", int(forward))
        if not forward or not offload:
            for host, name in self._interfaces():
                for command in OFFLOADS.values():
                    _ethtool(host, name, command)
        self._wait()

    def _interfaces(self) -> Iterator[tuple[Host, str]]:
        for host in (self.client, self.server, self.backend):
            yield host, "eth0"
            yield self.router, f"to-{host.name}"

    def _join(self, host: Host, link: Link) -> None:
        try:
            from pyroute2 import IPRoute
        except ImportError as error:
            raise LabError("the lab needs pyroute2: pip install 'whyrst[lab]'") from error
        with self.router:
            there = IPRoute()
        with host:
            here = IPRoute()
        name = f"to-{host.name}"
        with here, there:
            there.link("add", ifname=name, kind="veth", peer={"ifname": "eth0", "net_ns_fd": host.fd})
            for netlink, interface, addresses in ((here, "eth0", link.near), (there, name, link.far)):
                index = netlink.link_lookup(ifname=interface)[0]
                for address, prefix in zip(addresses, PREFIX, strict=True):
                    netlink.addr("add", index=index, address=address, prefixlen=prefix)
                netlink.link("set", index=index, mtu=self.mtu, state="up")
                netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")
            for gateway, everything in zip(link.far, ("0.0.0.0/0", "::/0"), strict=True):
                here.route("add", dst=everything, gateway=gateway)

    def _wait(self) -> None:
        """Wait until no IPv6 address is tentative any more (duplicate address detection)."""
        end = time.monotonic() + READY
        while time.monotonic() < end:
            tables = [host.read("if_inet6") for host in (self.client, self.server, self.backend, self.router)]
            if not any(int(line.split()[4], 16) & 0x40 for table in tables for line in table.splitlines()):
                return
            time.sleep(0.05)
        raise LabError("IPv6 addresses of the lab did not become ready")

    def gateway(self, host: str, family: int) -> str:
        """The router's address on the link to a host; family is 4 or 6."""
        link = next(link for link in LINKS if link.host == host)
        return link.far[0 if family == 4 else 1]  # noqa: PLR2004 - IP version

    def close(self) -> None:
        """Let all hosts go."""
        for host in (self.client, self.server, self.backend, self.router):
            host.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ethtool(host: Host, interface: str, command: int) -> None:
    """Turn one offload of an interface off."""
    import ctypes

    value = ctypes.create_string_buffer(struct.pack("II", command, 0))
    request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
    with host, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            fcntl.ioctl(control, SIOCETHTOOL, request)
        except OSError as error:
            raise LabError(f"{interface} of {host.name}: cannot change offload: {error.strerror}") from error
