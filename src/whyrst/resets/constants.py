"""Silences and waits that have a name: defaults of programs, systems and network devices, in seconds.

A silence close to one of them is a hint, not proof: many programs share round numbers. Tolerances allow for timers
that run on a coarse tick, and for the packet that starts the count being seen a round trip late.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Constant(NamedTuple):
    """One known time.

    Attributes:
        seconds: the default.
        who: programs or devices that use it.
    """

    seconds: float
    who: str


NETWORK = (
    Constant(30, "Cloud NAT for transitory connections"),
    Constant(60, "ALB, HAProxy and nginx proxies by default"),
    Constant(120, "conntrack's and NetScaler's closing states"),
    Constant(180, "NetScaler, client side; some balancers"),
    Constant(181, "a balancer with 180 s"),
    Constant(240, "Azure balancer and NAT"),
    Constant(300, "F5 BIG-IP; OpenStack and Oracle balancers"),
    Constant(350, "AWS NLB, NAT gateway, Network Firewall and Nitro hosts"),
    Constant(360, "NetScaler, server side"),
    Constant(400, "Azure Firewall and some proxies"),
    Constant(600, "GCP VPC firewall and balancers"),
    Constant(900, "Cloudflare to origin; many firewalls"),
    Constant(1200, "GCP Cloud NAT"),
    Constant(1800, "Juniper SRX"),
    Constant(3600, "Cisco ASA, Palo Alto, FortiGate"),
    Constant(7200, "RFC 5382's least for a NAT; Linux keepalive"),
    Constant(432000, "Linux conntrack, established"),
)
"""State tables of devices between the ends."""

SERVER = (
    Constant(2, "gunicorn"),
    Constant(5, "Node.js, Apache, uvicorn"),
    Constant(6, "Node.js (keepAliveTimeout plus its second)"),
    Constant(10, "HAProxy and many frameworks"),
    Constant(15, "older Apache"),
    Constant(20, "Tomcat, Puma"),
    Constant(30, "Jetty; many frameworks"),
    Constant(60, "nginx upstream, ALB"),
    Constant(65, "nginx as shipped; Oracle balancer"),
    Constant(75, "nginx by default"),
    Constant(90, "Heroku's router"),
    Constant(120, "IIS, Sanic"),
    Constant(130, "Kestrel"),
    Constant(620, "servers behind Google's balancer"),
    Constant(3600, "Envoy"),
    Constant(28800, "MySQL wait_timeout"),
)
"""Keep-alive timeouts of servers."""

ROUND = tuple(
    Constant(s, "round")
    for s in (0.1, 0.2, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 45, 50, 60, 75, 90, 100, 120,
              150, 180, 240, 300, 600, 900, 1200, 1800, 3600)
)  # fmt: skip
"""What people write into a client's configuration."""

TOLERANCE = 0.02
SLACK = 0.25
LONG = 20
"""From so many seconds on, timers run on a tick of a second."""
"""A wait fits when it is at most 2 % or a second above the constant, or a little (SLACK seconds at most) below."""


def nearest(seconds: npt.NDArray[np.float64], constants: tuple[Constant, ...]) -> npt.NDArray[np.int64]:
    """Index of the constant that each wait fits, -1 for none.

    Args:
        seconds: waits, shape (n,).
        constants: in rising order.
    """
    values = np.array([c.seconds for c in constants])
    at = np.clip(np.searchsorted(values, seconds), 0, len(values) - 1)
    below = np.clip(at - 1, 0, len(values) - 1)
    best = np.where(np.abs(values[below] - seconds) <= np.abs(values[at] - seconds), below, at)
    off = seconds - values[best]
    slack = np.minimum(SLACK, values[best] * 0.1)
    fits = (off <= np.where(values[best] >= LONG, np.maximum(values[best] * TOLERANCE, 1.0), slack)) & (
        off >= -np.maximum(slack * 0.2, np.minimum(values[best] * 0.003, 1.0))
    )
    return np.where(fits, best, -1)
