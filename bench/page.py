"""Writes what was measured to the terminal and to docs/performance.md, between two marks."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
FRAME = f"""# Performance

`make bench` writes its captures, measures whyrst beside tcpdump and tshark, and puts the table here.

{BEGIN}
{END}

## Method

- All captures come from `bench/traffic.py` and a fixed seed. The mixed one is ordinary traffic: HTTP and TLS with
  2,000 connections open at any time, payloads that do not compress, most connections closed and 2 in 100 reset. The
  refused one is a million connections of a SYN and its reset each.
- Every program runs on the same single core, by turns with its peers, with the captures in the page cache. Times are
  medians of wall-clock time from the start of the process to its end, so starting Python counts. Peak memory is the
  largest of all runs, as the kernel counts it (`ru_maxrss`).
- tcpdump runs `tcpdump -r FILE -w /dev/null 'tcp[tcpflags] & tcp-rst != 0'`: it reads the file and looks for the flag,
  no more. tshark runs `tshark -r FILE -Y tcp.flags.reset==1`: it follows connections as whyrst does, and judges none.
- Live tracing (`bench/live.py`) is measured as root with `bench/load.c` on loopback: `flood` connects to a closed port
  as fast as it goes, `close` connects, accepts and closes in order. Rounds with and without `whyrst trace --json`
  follow each other; a share is the median of the rounds, each beside the loads just before and after it. A round in
  which others took more than a fifth of a processor is measured again. `load` and the tracer share the machine's cores.
- Targets are goals for an idle machine. The load beside the table says how far that held.
"""


class Row(NamedTuple):
    """One line of the table."""

    what: str
    found: str
    target: str
    met: bool | None
    """`None` where there is no target."""


def machine() -> str:
    """The machine and the versions, in one paragraph."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return (
        f"{model}, {os.cpu_count()} processors; Linux {platform.release().split('-')[0]}; Python "
        f"{platform.python_version()}, NumPy {version('numpy')}; load {os.getloadavg()[0]:.1f} when it began."
    )


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| measured | found | target | |", "|---|---|---|---|"]
    words = {True: "met", False: "**missed**", None: ""}
    lines += [f"| {row.what} | {row.found} | {row.target} | {words[row.met]} |" for row in rows]
    return "\n".join(lines)


def write(rows: list[Row], about: str) -> None:
    """Put the table between the marks of the page, which is made if it is not there."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else FRAME
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{about}\n\n{table(rows)}\n{END}{after}", encoding="utf-8")
