"""Coverage-guided search for input that breaks the analysis; `make fuzz`.

    python fuzz/analyze.py [libFuzzer options] [CORPUS]

The loops run uncompiled, so that coverage counts in them too. Bytes may give verdicts, counted damage or a
`CaptureError`; anything else is a finding, and so is a run of more than ten seconds. The corpus starts with the golden
cases.
"""

from __future__ import annotations

import os

import atheris

os.environ["WHYRST_PURE"] = "1"
with atheris.instrument_imports(include=["whyrst"]):
    import msgspec
    from search import captures, placed, search

    from whyrst.analysis import analyze
    from whyrst.capture.errors import CaptureError
    from whyrst.causes import all_causes


def check(data: bytes) -> None:
    """Analyze these bytes as a capture, and hold the report to what must be true of any."""
    report = analyze(placed(data, "capture"))
    try:
        verdicts = list(report.verdicts)
    except CaptureError as error:
        if "\n" in str(error):
            raise AssertionError(error) from error
        return
    quality = report.quality
    assert quality.packets == quality.segments + sum(quality.skipped.values()), quality
    assert quality.resets == len(verdicts), quality
    msgspec.json.encode(verdicts)
    msgspec.json.encode(report.incidents)


if __name__ == "__main__":
    all_causes()
    search(check, captures())
