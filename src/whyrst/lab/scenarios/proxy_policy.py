"""A proxy ends connections by its rules and writes the reason into its reset, as F5, Citrix ADC or others do.

The proxy is a program of ours on the server: it answers, then sends its reset through a raw socket, with a text or a
diagnostic payload, or with a code in the window field. Its other packets look like an appliance's: no timestamps, and
an initial TTL of its own.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from whyrst.lab import forge
from whyrst.lab.scenario import Scenario
from whyrst.lab.wire.segment import ACK, RST

if TYPE_CHECKING:
    from whyrst.lab.bench import Bench

SCENARIO = Scenario(title="a proxy whose reset declares its reason", causes=("proxy-policy",))
TEXTS = (b"[0x2409c71:3102] Flow expired (sweeper)", b"[F5RST(peer): {peer} TCP RST from remote system]")
CODES = (9300, 9303, 9401, 9814, 9845)


def run(bench: Bench) -> None:
    """Let the proxy answer some requests and then end each connection."""
    ttl = bench.rng.choice((64, 255))
    bench.server.sysctl("net.ipv4.ip_default_ttl", ttl)
    bench.server.sysctl("net.ipv6.conf.all.hop_limit", ttl)
    bench.server.sysctl("net.ipv6.conf.eth0.hop_limit", ttl)
    bench.server.sysctl("net.ipv4.tcp_timestamps", 0)
    listener = bench.listen()
    for _ in range(bench.rng.randrange(1, 4)):
        tap = forge.Tap().listen(bench.server)
        near, far = bench.pair(listener)
        bench.exchange(near, far, bench.rng.randrange(1, 5))
        bench.settle(bench.rng.uniform(0.1, 0.3))
        tap.stop()
        here, there = forge.ends(near)
        last = tap.last((there, here))
        told, what = _reason(bench)
        data = tap.forge(
            (there, here), flags=RST | ACK, ip_id=(last.ip_id + 1) & 0xFFFF, **({"window": last.window} | told)
        )
        bench.truth((here, there), "server", "proxy-policy", "active", f"the proxy's reset declares {what}", raw=True)
        forge.send(bench.server, data)
        try:
            near.recv(1)
        except OSError as error:
            bench.failed("client", error)


def _reason(bench: Bench) -> tuple[dict[str, Any], str]:
    """Fields that declare a reason."""
    kind = bench.rng.choice(("text", "window", "diagnostic"))
    if kind == "text":
        text = bench.rng.choice(TEXTS)
        return {"payload": text, "window": 0}, text.decode()
    if kind == "window":
        code = bench.rng.choice(CODES)
        return {"window": code}, f"code {code} in its window"
    code = bench.rng.choice((9, 10, 13, 14))
    return {"payload": struct.pack("!HHI", 0x33AA, code, 0), "window": 0}, f"diagnostic reason {code}"
