"""Runs a scenario: network up, recorders on, scenario, everything down; leaves captures and truth in a folder."""

from __future__ import annotations

import os
import random
import shutil
import time
from typing import TYPE_CHECKING

import msgspec

from whyrst.lab.bench import Bench
from whyrst.lab.kernel_events import KernelEvents
from whyrst.lab.namespace import LabError
from whyrst.lab.network import Host, Network
from whyrst.lab.recorder import Recorder
from whyrst.lab.truth import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from whyrst.lab.scenario import Found

TAIL = 0.15
"""Seconds that recording goes on after the scenario, for what is still on its way."""


def prepare(network: Network, rng: random.Random) -> dict[str, str]:
    """Vary what hosts differ in: timestamps, window scaling. Returns the settings made."""
    settings = {
        "net.ipv4.tcp_timestamps": "0" if rng.random() < 0.2 else "1",  # noqa: PLR2004 - one host in five
        "net.ipv4.tcp_window_scaling": "0" if rng.random() < 0.1 else "1",  # noqa: PLR2004 - one in ten
    }
    for host in (network.client, network.server, network.backend):
        for name, value in settings.items():
            host.sysctl(name, value)
    return settings


def run(
    found: Found,
    folder: Path,
    *,
    seed: int = 1,
    family: int | None = None,
    begun: Callable[[Network], None] = lambda _: None,
) -> Record:
    """Run a scenario once and leave client.pcap, router.pcap, server.pcap, kernel.txt, counters.txt and
    truth.json in a folder.

    Args:
        found: the scenario.
        folder: made if missing.
        seed: decides ports, sizes, timing, IP version and settings.
        family: 4 or 6; None lets the seed decide.
        begun: told of the network when it is up.

    Raises:
        LabError: not root, or a program is missing.
    """
    missing = [name for name in found.scenario.needs if shutil.which(name) is None]
    if missing:
        raise LabError(f"{found.name} needs {', '.join(missing)}, which is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(f"{found.name}/{seed}")  # noqa: S311 - variety, not secrecy
    chosen = family or rng.choice((4, 4, 6))
    half = rng.random() < 0.5  # noqa: PLR2004 - that is half
    offload = half if found.scenario.offload is None else found.scenario.offload
    with Network(forward=found.scenario.forward, offload=offload) as network:
        settings = prepare(network, rng)
        spaces = {host.name: host.inode for host in (network.client, network.router, network.server, network.backend)}
        begun(network)
        before = _counters(network)
        points: tuple[tuple[str, Host, str], ...] = (
            ("client", network.client, "eth0"),
            ("uplink", network.router, "to-client"),
            ("router", network.router, "to-server"),
            ("server", network.server, "eth0"),
        )
        recorders = [Recorder(host, name, folder / f"{where}.pcap") for where, host, name in points]
        kernel = KernelEvents()
        bench = Bench(network, rng.getrandbits(32), chosen)
        try:
            found.run(bench)
            bench.settle(TAIL)
            ended = time.time_ns()
        finally:
            for recorder in recorders:
                recorder.stop()
            bench.close()
            hosts = (network.client, network.server, network.backend)
            kernel.stop(folder / "kernel.txt", {address for host in hosts for address in host.addresses})
        _write_counters(folder / "counters.txt", before, _counters(network))
    record = Record(
        found.name, found.scenario.title, seed, chosen, os.uname().release, settings, tuple(bench.truths), bench.errors,
        tuple(bench.notes), spaces, ended,
    )  # fmt: skip
    (folder / "truth.json").write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2))
    return record


def _counters(network: Network) -> dict[str, dict[str, int]]:
    """TCP counters of client and server: host -> name -> value."""
    found = {}
    for host in (network.client, network.server):
        values: dict[str, int] = {}
        for file in ("snmp", "netstat"):
            lines = host.read(file).splitlines()
            for names, numbers in zip(lines[::2], lines[1::2], strict=True):
                for name, number in zip(names.split()[1:], numbers.split()[1:], strict=True):
                    values[names.split(":")[0] + name] = int(number)
        found[host.name] = values
    return found


def _write_counters(path: Path, before: dict[str, dict[str, int]], after: dict[str, dict[str, int]]) -> None:
    """Write which counters rose, as `nstat` does."""
    lines = [
        f"{host} {name} {value - before[host].get(name, 0)}"
        for host, values in after.items()
        for name, value in sorted(values.items())
        if value != before[host].get(name, 0) and name.startswith(("Tcp", "Ip"))
    ]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
