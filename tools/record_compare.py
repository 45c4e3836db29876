"""Records runs of the lab as golden cases for comparing: tests/cases/compare/<scenario>/, three captures and the truth.

    sudo .venv/bin/python tools/record_compare.py [SCENARIO ...]

The expectations are the run's own truth. Of each capture the headers and the first payload bytes are kept, as a capture
with a small snap length has them; what is no TCP is left out.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from whyrst.lab import degrade
from whyrst.lab.run import run
from whyrst.lab.scenario import scenarios

CASES = Path(__file__).parents[1] / "tests" / "cases" / "compare"
POINTS = ("client", "uplink", "router", "server")
SNAPLEN = 300
"""Enough for any header and the fingerprint of a payload."""
LARGE = 20_000
"""Bytes that one capture may have."""
SEEDS = range(7, 27)
KEPT = (
    "asymmetric_route", "conntrack_invalid", "data_after_close", "forged_imitating", "forged_to_both",
    "forged_to_client", "forged_to_server", "haproxy_between", "late_syn_ack_nonblocking", "nat_idle", "nat_remapped",
    "reject_midstream", "reject_on_router", "reset_dropped", "sequence_rewriting", "snat_port", "syn_proxy",
)  # fmt: skip
"""Every way in which a path and a reset can meet."""


def cut(folder: Path, case: Path) -> bool:
    """Copy a run's captures without what nobody needs; whether all are small."""
    for where in POINTS:
        header, found = degrade.load(folder / f"{where}.pcap")
        kept = [one._replace(frame=one.frame[:SNAPLEN]) for one in found if one.segment is not None]
        degrade.save(case / f"{where}.pcap", header, kept)
    return all((case / f"{where}.pcap").stat().st_size <= LARGE for where in POINTS)


def keep(name: str) -> str:
    """Run a scenario until its captures are small, and write its case; returns what became of it."""
    case = CASES / name.replace("_", "-")
    case.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS:
        with TemporaryDirectory() as temporary:
            folder = Path(temporary)
            record = run(scenarios()[name], folder, seed=seed)
            if record.resets and cut(folder, case):
                (case / "truth.json").write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
                return f"seed {seed}, IPv{record.family}, {len(record.resets)} resets or kinds of them"
    return "not kept: always too large"


def main() -> int:
    """Record the named scenarios, or those that are usually kept."""
    for name in sys.argv[1:] or KEPT:
        print(f"{name}: {keep(name)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
