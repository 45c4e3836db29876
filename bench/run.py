"""Measures whyrst beside tcpdump and tshark, prints a table and writes it to docs/performance.md.

python bench/run.py             all of it; the captures (1.4 GB) are made in bench/data once
python bench/run.py --quick     captures a tenth as long, no page written
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import compare
import live
import page
import traffic
from measure import CORES, Run, medians, program
from page import Row

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

DATA = Path(__file__).parent / "data"
RESETS = "tcp[tcpflags] & tcp-rst != 0"
RUNS = 5
MEGABYTE = 1_000_000
SMALL = 120
"""Connections of ordinary traffic in about one megabyte."""


def capture(name: str, write: Callable[[BinaryIO, int], int], connections: int) -> tuple[str, int]:
    """The path of a capture, made if it is not there yet, and its number of packets."""
    path = DATA / f"{name}-{connections}.pcap"
    note = path.with_suffix(".packets")
    if not note.exists():
        DATA.mkdir(exist_ok=True)
        print(f"writing {path.name} ...", flush=True)
        with path.open("wb", buffering=1 << 20) as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            packets = write(out, connections)
        note.write_text(str(packets), encoding="ascii")
    with path.open("rb") as file:  # into the page cache
        while file.read(1 << 24):
            pass
    return str(path), int(note.read_text(encoding="ascii"))


def analyze(path: str, *options: str) -> list[str]:
    """The command that analyzes a capture."""
    whyrst = program("whyrst")
    assert whyrst is not None, "install whyrst first"
    return [whyrst, "analyze", *options, path]


def tshark(path: str) -> list[str]:
    """The command by which tshark prints resets."""
    return [program("tshark") or "tshark", "-r", path, "-Y", "tcp.flags.reset==1"]


def tcpdump(path: str) -> list[str]:
    """The command by which tcpdump finds resets."""
    return [program("tcpdump") or "tcpdump", "-r", path, "-w", "/dev/null", RESETS]


def most(what: str, value: float, target: float, unit: str) -> Row:
    """A row whose value must not exceed the target."""
    return Row(what, f"{value:,.2f} {unit}".replace(".00 ", " "), f"at most {target:g} {unit}", value <= target)


def least(what: str, value: float, target: float, unit: str) -> Row:
    """A row whose value must reach the target."""
    return Row(what, f"{value:,.1f} {unit}", f"at least {target:g} {unit}", value >= target)


def ordinary(scale: int) -> list[Row]:
    """Ordinary traffic, against tcpdump and tshark, on one core and on two, and a tenth of it for the memory."""
    path, packets = capture("mixed", traffic.mixed, traffic.CONNECTIONS // scale)
    tenth, _ = capture("mixed", traffic.mixed, traffic.CONNECTIONS // scale // 10)
    ours, both, theirs = medians([analyze(path), analyze(path), tcpdump(path)], RUNS, (1, 2, 1))
    small, small_both = medians([analyze(tenth), analyze(tenth)], 1, (1, 2))
    (shark,) = medians([tshark(path)], 1)
    size = Path(path).stat().st_size
    return [
        Row(f"{packets:,} packets, {size / 1e9:.2f} GB: whyrst", _times(ours), "", None),
        Row("the same: tcpdump looks for the flag", _times(theirs), "", None),
        Row("the same: tshark prints the resets (one run)", _times(shark), "", None),
        most("whyrst / tcpdump", ours.wall / theirs.wall, 4, "times"),
        least("tshark / whyrst", shark.wall / ours.wall, 15, "times"),
        least("whyrst", packets / ours.wall / 1e6, 2.5, "million packets/s"),
        most("memory, 10 times the capture", (ours.peak / small.peak - 1) * 100, 10, "% more"),
        Row(f"whyrst on {len(CORES[:2])} cores", _times(both), "", None),
        least("1 core / 2 cores", ours.wall / both.wall, 1.6, "times"),
        least("tshark / whyrst on 2 cores", shark.wall / both.wall, 80, "times"),
        most("memory on 2 cores, 10 times the capture", (both.peak / small_both.peak - 1) * 100, 10, "% more"),
    ]


def refused(scale: int) -> list[Row]:
    """Resets alone."""
    path, packets = capture("refused", traffic.refused, 1_000_000 // scale)
    lines, _ = capture("refused", traffic.refused, 100_000 // scale)
    text, both = medians([analyze(path), analyze(path)], 3, (1, 2))
    (json,) = medians([analyze(lines, "--json")], 1)
    verdicts = packets // 2
    return [
        Row(f"{verdicts:,} refused connections: whyrst", _times(text), "", None),
        least("text report", verdicts / text.wall / 1e3, 300, "thousand verdicts/s"),
        most("its memory", text.peak / 1e9, 1.5, "GB"),
        Row("the same on 2 cores", _times(both), "", None),
        Row("--json, lines written", f"{100 / scale / json.wall:,.1f} thousand verdicts/s", "", None),
        Row("its memory", f"{json.peak / MEGABYTE:,.0f} MB", "", None),
    ]


def little() -> list[Row]:
    """What is over in a moment."""
    path, _ = capture("mixed", traffic.mixed, SMALL)
    ours, shark = medians([analyze(path), tshark(path)], RUNS)
    whyrst = program("whyrst")
    assert whyrst is not None
    (answer,) = medians([[whyrst, "--help"]], 2 * RUNS)
    size = Path(path).stat().st_size / MEGABYTE
    return [
        most("whyrst --help", answer.wall * 1000, 150, "ms"),
        Row(
            f"{size:.1f} MB: whyrst, tshark",
            f"{ours.wall:.2f} s, {shark.wall:.2f} s",
            "faster than tshark",
            ours.wall < shark.wall,
        ),
    ]


def compared(scale: int) -> list[Row]:
    """Captures of both ends."""
    return compare.rows(scale, capture("mixed", traffic.mixed, compare.CONNECTIONS // scale), DATA)


def _times(one: Run) -> str:
    return f"{one.wall:.2f} s ({one.cpu:.2f} s of processor), {one.peak / MEGABYTE:,.0f} MB"


def main() -> None:
    """Measure everything."""
    missing = [name for name in ("tcpdump", "tshark", "taskset") if program(name) is None]
    if missing:
        sys.exit(f"bench: not installed: {', '.join(missing)}")
    quick = "--quick" in sys.argv[1:]
    scale = 10 if quick else 1
    about = page.machine()
    rows = [*little(), *ordinary(scale), *refused(scale), *live.rows(scale), *compared(scale)]
    print(about)
    print(page.table(rows))
    if not quick:
        page.write(rows, about)


if __name__ == "__main__":
    main()
