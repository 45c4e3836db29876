"""Records what the kernel tells of lab runs as golden cases: tests/cases/kernel/<scenario>.ndjson and .json.

    sudo .venv/bin/python tools/record_kernel.py [SCENARIO ...]

The events are those of the resets that the run's hosts sent; beside them stands the run's truth, which is what the
scenario did and never what whyrst said.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from whyrst.lab.run import run
from whyrst.lab.scenario import scenarios
from whyrst.lab.trace import Live

CASES = Path(__file__).parents[1] / "tests" / "cases" / "kernel"
SEED = 7
MOST = 16
"""Resets of a case that is kept."""


def record(name: str) -> str:
    """Run a scenario traced, and write its case; returns what became of it."""
    with TemporaryDirectory(prefix="whyrst-lab-") as folder, Live() as live:
        truth = run(scenarios()[name], Path(folder), seed=SEED, begun=live.begun)
    spaces = set(truth.spaces.values())
    events = [e for e in live.events if e.netns in spaces and e.kind == "sent" and e.time <= truth.ended]
    if not 0 < len(events) <= MOST:
        return f"{len(events)} resets: not kept"
    CASES.mkdir(parents=True, exist_ok=True)
    lines = b"".join(msgspec.json.encode(event) + b"\n" for event in events)
    (CASES / f"{name}.ndjson").write_bytes(lines)
    (CASES / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1) + b"\n")
    return f"{len(events)} resets"


def main() -> int:
    """Record the named scenarios, or those that have a case, or all when there is none; exit status."""
    kept = sorted(path.stem for path in CASES.glob("*.ndjson"))
    for name in sys.argv[1:] or kept or scenarios():
        print(f"{name}: {record(name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
