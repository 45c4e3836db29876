"""Coverage-guided search for input that breaks the analysis; `make fuzz`.

    python fuzz/analyze.py [libFuzzer options] [CORPUS]

The loops run uncompiled, so that coverage counts in them too. Bytes may give verdicts, counted damage or a
`CaptureError`; anything else is a finding, and so is a run of more than ten seconds. The corpus starts with the golden
cases.
"""

from __future__ import annotations

import os
import struct
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
    from whyrst.lab.wire.capture import pcapng

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
            data = case.read_bytes()
            (corpus / case.parent.name).write_bytes(data)
            (corpus / f"{case.parent.name}.pcapng").write_bytes(as_pcapng(data))


def as_pcapng(data: bytes) -> bytes:
    """The packets of a little-endian pcap as a pcapng."""
    frames, at = [], 24
    while at + 16 <= len(data):
        second, micro, size, _ = struct.unpack_from("<IIII", data, at)
        frames.append((second * 1_000_000_000 + micro * 1000, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return pcapng(frames, 262144)


def main() -> None:
    """Search until libFuzzer is told to stop."""
    folders = [one for one in sys.argv[1:] if not one.startswith("-")]
    if folders:
        seed(Path(folders[0]))
    all_causes()
    atheris.Setup([sys.argv[0], "-timeout=10", "-max_len=8192", "-rss_limit_mb=4096", *sys.argv[1:]], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
