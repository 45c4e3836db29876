"""Records runs of the lab as golden cases: tests/cases/lab-<scenario>/, so that the suite covers them without root.

    sudo .venv/bin/python tools/record_lab.py [SCENARIO ...]

The expectations come from the scenario's truth, never from a verdict. A run is kept from the point of capture nearest
to the resets' sender, cut to headers and the first payload bytes when it is large.
"""

from __future__ import annotations

import json
import struct
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from whyrst.analysis import analyze
from whyrst.lab.run import run
from whyrst.lab.scenario import scenarios
from whyrst.lab.score import compare

if TYPE_CHECKING:
    from whyrst.lab.scenario import Found
    from whyrst.lab.truth import Record

CASES = Path(__file__).parents[1] / "tests" / "cases"
SEED = 7
LARGE = 20_000
"""Captures above this many bytes are cut, or not kept if that does not help."""
SNAPLEN = 160
README = """\
# {name}

{title}, recorded from the lab's scenario `{scenario}` (seed {seed}, IPv{family}) at the {where}.

Facts: Linux {kernel}, as it ran; expectations are what the scenario did.

`python tools/record_lab.py {scenario}`, as root, records it anew.
"""


def cut(data: bytes) -> bytes:
    """A pcap with at most SNAPLEN bytes of each packet."""
    out, at = [data[:24]], 24
    while at + 16 <= len(data):
        seconds, nanos, have, wire = struct.unpack_from("<IIII", data, at)
        kept = data[at + 16 : at + 16 + have][:SNAPLEN]
        out.append(struct.pack("<IIII", seconds, nanos, len(kept), wire) + kept)
        at += 16 + have
    return b"".join(out)


def expectations(record: Record, where: str, capture: Path) -> list[dict[str, object]]:
    """What must be said of each reset of a capture; empty when the scenario does not know one of them."""
    outcomes, seen = compare(record, where, analyze(capture).verdicts)
    if any(outcome.cause == "none" for outcome in outcomes):
        return []
    rows = []
    for one in seen:
        truth = one.truth
        assert truth is not None
        accept = [cause for cause in truth.accept[where] if cause != truth.cause]
        rows.append(
            {
                "frame": one.verdict.frame,
                "cause": truth.cause,
                "accept": accept,
                "sender": one.verdict.reset.sender,
                "mechanism": None,
                "min_confidence": None,
            }
        )
    return rows


def keep(found: Found) -> str:
    """Run a scenario and write its case; returns what became of it."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        record = run(found, folder, seed=SEED)
        senders = Counter(truth.sender for truth in record.resets)
        first = "client" if not senders or senders.most_common(1)[0][0] == "client" else "server"
        for where in (first, "client", "server", "router"):
            data = (folder / f"{where}.pcap").read_bytes()
            data = cut(data) if len(data) > LARGE else data
            (folder / "case.pcap").write_bytes(data)
            rows = expectations(record, where, folder / "case.pcap")
            if len(data) <= LARGE and (rows or not found.scenario.causes):
                break
        else:
            return "not kept: too large, or resets that the scenario does not know"
        name = f"lab-{found.name.replace('_', '-')}"
        case = CASES / name
        case.mkdir(exist_ok=True)
        (case / "capture.pcap").write_bytes(data)
        lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
        (case / "expect.json").write_text(f"[\n{lines}\n]\n" if rows else "[]\n", encoding="utf-8")
        title = found.scenario.title[0].upper() + found.scenario.title[1:]
        text = README.format(
            name=name,
            title=title,
            scenario=found.name,
            seed=SEED,
            family=record.family,
            where=where,
            kernel=record.kernel,
        )
        (case / "README.md").write_text(text, encoding="utf-8")
        return f"kept from the {where}, {len(rows)} resets"


def main() -> int:
    """Record the named scenarios, or all."""
    for name in sys.argv[1:] or scenarios():
        print(f"{name}: {keep(scenarios()[name])}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
