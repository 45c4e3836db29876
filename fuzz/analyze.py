"""Coverage-guided search for input that breaks the analysis; `make fuzz`.

    python fuzz/analyze.py [libFuzzer options] [CORPUS]

The loops run uncompiled, so that coverage counts in them too. Bytes may give verdicts, counted damage or a
`CaptureError`; anything else is a finding, and so is a run of more than ten seconds. The corpus starts with the golden
cases.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import atheris

os.environ["WHYRST_PURE"] = "1"
with atheris.instrument_imports(include=["whyrst"]):
    import msgspec

    from whyrst.analysis import analyze
    from whyrst.capture.errors import CaptureError
    from whyrst.causes import all_causes

CASES = Path(__file__).parents[1] / "tests" / "cases"
LARGEST = 6_000
"""Bytes of a golden case that is taken into the corpus: plain loops are slow."""


def check(data: bytes) -> None:
    """Analyze these bytes as a capture, and hold the report to what must be true of any."""
    path = Path(tempfile.gettempdir()) / f"whyrst-fuzz-{os.getpid()}.pcap"
    path.write_bytes(data)
    report = analyze(path)
    try:
        verdicts = list(report.verdicts)
    except CaptureError as error:
        if "\n" in str(error):
            raise AssertionError(error) from error
        return
    finally:
        path.unlink()
    quality = report.quality
    assert quality.packets == quality.segments + sum(quality.skipped.values()), quality
    assert quality.resets == len(verdicts), quality
    msgspec.json.encode(verdicts)
    msgspec.json.encode(report.incidents)


def seed(corpus: Path) -> None:
    """Put the small golden cases into an empty corpus."""
    corpus.mkdir(parents=True, exist_ok=True)
    for case in sorted(CASES.glob("*/capture.pcap*")):
        if case.stat().st_size <= LARGEST:
            (corpus / case.parent.name).write_bytes(case.read_bytes())


def main() -> None:
    """Search until libFuzzer is told to stop."""
    folders = [one for one in sys.argv[1:] if not one.startswith("-")]
    if folders:
        seed(Path(folders[0]))
    all_causes()
    atheris.Setup([sys.argv[0], "-timeout=10", "-max_len=8192", *sys.argv[1:]], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
