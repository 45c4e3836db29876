"""Measures whyrst fleet analyze: time against workers, and bytes that move between the steps.

python bench/fleet.py [FOLDER] [CONNECTIONS]    the archive of four points is made there once, 7.5 kB a connection
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

import traffic
from measure import program

if TYPE_CHECKING:
    from collections.abc import Sequence

POINTS = 4
FILES = 4
CONNECTIONS = 40_000
"""At each point."""
WAYS = (("-j", "1"), ("-j", "2"), ("--cluster", "local", "-j", "1"), ("--cluster", "local", "-j", "2"))


class Took(NamedTuple):
    """One run: seconds by the clock and of processors, and what whyrst said at its end."""

    seconds: float
    processor: float
    said: dict[str, object]


def archive(folder: Path, connections: int) -> Path:
    """The archive, made if it is not there yet: one capture cut into rotated files, at several points."""
    made = folder / f"archive-{connections}"
    if made.exists():
        return made
    folder.mkdir(parents=True, exist_ok=True)
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    whole = folder / "whole.pcap"
    with whole.open("wb", buffering=1 << 20) as out:
        out.write(header)
        packets = traffic.mixed(out, connections)
    new = folder / "new"
    shutil.rmtree(new, ignore_errors=True)
    with whole.open("rb") as source:
        source.read(len(header))
        for part in range(FILES):
            body = bytearray(header)
            for _ in range(packets * part // FILES, packets * (part + 1) // FILES):
                head = source.read(16)
                body += head + source.read(struct.unpack_from("<I", head, 8)[0])
            for point in range(POINTS):
                (new / f"tap{point}").mkdir(parents=True, exist_ok=True)
                (new / f"tap{point}" / f"{part:03}.pcap").write_bytes(body)
    whole.unlink()
    new.rename(made)
    return made


def run(source: Path, out: Path, options: Sequence[str]) -> Took:
    """One run into an empty OUT."""
    whyrst = program("whyrst")
    assert whyrst is not None, "install whyrst first"
    begin, before = monotonic(), os.times()
    done = subprocess.run(  # noqa: S603 - the program of this tree
        [whyrst, "fleet", "analyze", str(source), "-o", str(out), "--json", *options],
        check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(monotonic() - begin, processor, json.loads(done.stdout))


def size(out: Path, pattern: str) -> int:
    """Bytes of the files that match."""
    return sum(one.stat().st_size for one in out.glob(pattern))


def main() -> None:
    """Measure all ways of working and print a table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data" / "fleet"
    source = archive(folder, int(sys.argv[2]) if len(sys.argv) > 2 else CONNECTIONS)
    total = size(source, "*/*.pcap")
    print(f"{total / 1e6:,.0f} MB in {POINTS * FILES} captures at {POINTS} points")
    print("| workers | seconds | processor seconds | MB/s | MB/s per processor second |\n|---|---|---|---|---|")
    for options in WAYS:
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            out = Path(temporary, "out")
            took = run(source, out, options)
            again = run(source, out, options)
            rates = f"{total / took.seconds / 1e6:,.0f} | {total / took.processor / 1e6:,.0f}"
            print(f"| {' '.join(options)} | {took.seconds:.1f} | {took.processor:.1f} | {rates} |", flush=True)
            lines, kept = size(out, "_whyrst/files/*/lines.parquet"), size(out, "_whyrst/files/*/kept.parquet")
            tables = sum(size(out, f"{kind}/*/*/*.parquet") for kind in ("verdicts", "incidents", "quality"))
    said = took.said
    print(f"again, nothing new: {again.seconds:.1f} s")
    print(f"packets {said['packets']:,}, segments kept {said['kept_segments']:,}, resets {said['resets']:,}")
    print(f"lines {lines:,} bytes ({lines / total:.2%} of what was read), kept {kept:,} ({kept / total:.2%})")
    print(f"tables {tables:,} bytes")


if __name__ == "__main__":
    main()
