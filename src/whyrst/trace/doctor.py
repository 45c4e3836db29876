"""What this host offers for tracing: each thing that is needed or helps, whether it is there, and what is missed."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from whyrst.capture.errors import FilterError
from whyrst.capture.filter import libpcap
from whyrst.kernel import btf, privileges
from whyrst.kernel.libbpf import BpfError, version
from whyrst.kernel.probe import Host, probes
from whyrst.kernel.symbols import Symbols
from whyrst.kernel.tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "whyrst.doctor/1"
TRACEFS = (Path("/sys/kernel/tracing/events"), Path("/sys/kernel/debug/tracing/events"))
ETH_P_ALL = 3
TOOLS = {
    "nft": "rules that reject with a reset cannot be shown",
    "bpftrace": "the script of whyrst trace --bpftrace cannot run here",
    "tshark": "only needed to look at captures",
}
Level = Literal["ok", "part", "no"]


class Check(Struct, frozen=True):
    """One thing."""

    name: str
    level: Annotated[Level, Meta(description="ok: all there; part: works in part; no: not there")]
    says: Annotated[str, Meta(description="what is there, or why it is not")]
    misses: Annotated[str, Meta(description="what whyrst trace cannot tell without it; empty when nothing")] = ""
    required: Annotated[bool, Meta(description="whyrst trace does not run without it")] = False


class Diagnosis(Struct, frozen=True):
    """All of them."""

    schema: str
    kernel: str
    can_trace: bool
    checks: tuple[Check, ...]


def diagnosis() -> Diagnosis:
    """Look at this host with the rights of this process."""
    checks = (*_base(), *_capabilities(), *_probes(), *_trace(), *_edges())
    can = all(check.level != "no" for check in checks if check.required)
    return Diagnosis(SCHEMA, os.uname().release, can, checks)


def _base() -> Iterator[Check]:
    host = os.uname()
    yield Check("kernel", "ok", f"{host.sysname} {host.release} {host.machine}")
    there = os.access(btf.PLACE, os.R_OK)
    yield Check(
        "BTF", "ok" if there else "no", str(btf.PLACE) if there else "CONFIG_DEBUG_INFO_BTF is off", required=True
    )
    try:
        yield Check("libbpf", "ok", version(), required=True)
    except BpfError as error:
        yield Check("libbpf", "no", str(error), required=True)


def _capabilities() -> Iterator[Check]:
    have = privileges.held()
    lacking = privileges.missing(have, fine=privileges.knows_bpf())
    what = ", ".join(sorted(have)) or "none that matter here"
    yield Check("capabilities", "no" if lacking else "ok", privileges.refusal(lacking) or what, required=True)
    for name, gain in privileges.GAINS.items():
        if name not in have:
            yield Check(name, "no", "not there", gain)


def _probes() -> Iterator[Check]:
    try:
        host = Host()
    except BpfError:
        return  # told already
    for probe in probes().values():
        ability = probe.can_run(host)
        level: Level = "no" if not ability.programs else "part" if ability.misses else "ok"
        misses = f"{probe.sees}: {ability.misses}" if level == "no" else ability.misses
        yield Check(f"probe {probe.name}", level, ability.how or "cannot run", misses)
    host.btf.close()


def _trace() -> Iterator[Check]:
    """The proof: attach everything and take it off again."""
    try:
        with Tracer():
            pass
    except (BpfError, OSError) as error:
        yield Check("attaching", "no", str(error), "everything", required=True)
    else:
        yield Check("attaching", "ok", "probes were attached, and taken off again", required=True)


def _edges() -> Iterator[Check]:
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)).close()
        yield Check("packet socket", "ok", "may be opened")
    except OSError as error:
        misses = "resets that the TCP stack did not make (packet filters, raw sockets), and --pcap"
        yield Check("packet socket", "no", error.strerror or str(error), misses)
    hidden = Symbols().hidden
    yield Check(
        "kernel symbols", "no" if hidden else "ok",
        "kernel.kptr_restrict hides the addresses in /proc/kallsyms" if hidden else "/proc/kallsyms",
        "names of kernel functions, which tell one abort from another" if hidden else "",
    )  # fmt: skip
    try:
        libpcap()
        yield Check("libpcap", "ok", "compiles filters")
    except FilterError as error:
        yield Check("libpcap", "no", str(error), "filters")
    tracefs = next((str(place.parent) for place in TRACEFS if os.access(place, os.R_OK)), None)
    yield Check(
        "tracefs", "ok" if tracefs else "no", tracefs or "not mounted, or not for you", "" if tracefs else "bpftrace"
    )
    for tool, misses in TOOLS.items():
        found = shutil.which(tool)
        yield Check(tool, "ok" if found else "no", found or "not installed", "" if found else misses)
