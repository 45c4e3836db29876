"""Boots kernels of Debian releases, makes resets in them, and compares what whyrst says of each with what was done.

Each boot runs `tests/kernels/resets.py` as root inside the kernel. Exit status 1 when a verdict is wrong, a reset was
not seen, or a kernel did not come up; the table says which.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kernels import debian, image, machine, report

SUITES = ("bullseye", "bookworm", "trixie", "trixie-backports")
KEPT = image.PROJECT / "build" / "kernels"
SCRIPT = image.PROJECT / "tests" / "kernels" / "resets.py"
LIMIT = 600.0


def main() -> int:
    """Runs all that was asked for; returns the exit status."""
    asked = _arguments()
    try:
        suites = tuple(asked.suite) or SUITES
        apt = debian.Apt(KEPT, (*SUITES, *sorted(set(suites) - set(SUITES))))
        root = image.build(KEPT, asked.script)
        tables = [_run(apt.kernel(suite), root, raw=asked.script != SCRIPT) for suite in suites]
    except (debian.FetchError, machine.MachineError) as error:
        sys.exit(f"test_kernels: {error}")
    print(report.summary(tables))
    return 1 if any(table.wrong for table in tables) else 0


def _run(kernel: debian.Kernel, root: Path, *, raw: bool) -> report.Table:
    outcome = machine.boot(kernel.path, root, LIMIT)
    if raw:
        print(
            f"--- {kernel.release}: exit status {outcome.status}, {outcome.seconds:.0f} s\n{outcome.said}", flush=True
        )
        return report.Table(kernel.release, outcome.seconds, wrong=[] if outcome.status == 0 else ["exit status"])
    table = report.read(kernel.release, outcome)
    print(report.text(table), flush=True)
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("suite", nargs="*", help=f"releases of Debian whose kernels to boot: {', '.join(SUITES)}")
    parser.add_argument("--script", type=Path, default=SCRIPT, help="run this Python program, and show its output")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
