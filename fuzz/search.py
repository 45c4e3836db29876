"""What all searches share: where bytes go, what starts a corpus, how libFuzzer is told."""

from __future__ import annotations

import os
import struct
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CASES = Path(__file__).parents[1] / "tests" / "cases"
LARGEST = 6_000
"""Bytes of a golden case that is taken into a corpus: plain loops are slow."""
NANO = bytes.fromhex("4d3cb2a1")
"""How a pcap with nanoseconds begins."""
HEADER, RECORD = 24, 16
OPTIONS = ("-timeout=10", "-max_len=8192", "-rss_limit_mb=4096")


def search(check: Callable[[bytes], None], seeds: Iterable[tuple[str, bytes]]) -> None:
    """Search until libFuzzer is told to stop.

    Args:
        check: raises what is a finding.
        seeds: names and bytes; they are put into the first corpus that the command line names.
    """
    folders = [one for one in sys.argv[1:] if not one.startswith("-")]
    if folders:
        corpus = Path(folders[0])
        corpus.mkdir(parents=True, exist_ok=True)
        for name, data in seeds:
            (corpus / name).write_bytes(data)
    atheris.Setup([sys.argv[0], *OPTIONS, *sys.argv[1:]], check)
    atheris.Fuzz()


def placed(data: bytes, name: str) -> Path:
    """A file of this process with these bytes; the next one of that name takes its place."""
    path = Path(tempfile.gettempdir()) / f"whyrst-fuzz-{os.getpid()}-{name}"
    path.write_bytes(data)
    return path


def captures() -> Iterable[tuple[str, bytes]]:
    """The small golden cases, as pcap and as pcapng."""
    for case in sorted(CASES.glob("*/capture.pcap*")):
        if case.stat().st_size <= LARGEST:
            data = case.read_bytes()
            yield case.parent.name, data
            yield f"{case.parent.name}.pcapng", as_pcapng(data)


def packets(data: bytes) -> list[tuple[int, bytes]]:
    """Time (ns since 1970) and bytes of the packets of a little-endian pcap."""
    found, at, unit = [], HEADER, 1 if data[:4] == NANO else 1000
    while at + RECORD <= len(data):
        second, part, size, _ = struct.unpack_from("<IIII", data, at)
        at += RECORD
        found.append((second * 1_000_000_000 + part * unit, data[at : at + size]))
        at += size
    return found


def as_pcap(found: Iterable[tuple[int, bytes]], head: bytes) -> bytes:
    """Packets as a pcap of the same kind as that whose header this is."""
    unit = 1 if head[:4] == NANO else 1000
    parts = [head[:HEADER]]
    for time, data in found:
        second, rest = divmod(max(time, 0), 1_000_000_000)
        parts += (struct.pack("<IIII", second & 0xFFFFFFFF, rest // unit, len(data), len(data)), data)
    return b"".join(parts)


def as_pcapng(data: bytes) -> bytes:
    """The packets of a little-endian pcap as a pcapng."""
    from whyrst.lab.wire.capture import pcapng

    return pcapng(packets(data), 262144)
