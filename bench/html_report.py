"""Measures the HTML report: how long it takes to write, its size, and how long a browser takes to show it.

python bench/html_report.py [RESETS]     10,000 unless told; needs Debian's Chromium

The capture is made of the golden cases, one after the other, again and again with the clock moved on: every cause is
in it.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parents[1] / "tests" / "cases"
CHROMIUM = "/usr/bin/chromium"
HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
START = 1_780_000_000_000_000
RUNS = 5
LOADED = "performance.getEntriesByType('navigation')[0].duration"
FILTER = """() => {
    const begin = performance.now(), field = document.getElementById('by-cause');
    field.value = 'port-closed';
    field.dispatchEvent(new Event('change'));
    return performance.now() - begin;
}"""


def packets(capture: bytes) -> list[tuple[int, int, bytes]]:
    """Microseconds, wire length and bytes of each packet; none unless it is a little-endian pcap of Ethernet."""
    if len(capture) < HEADER.size or capture[:4] not in {b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"}:
        return []
    finer = 1000 if capture[0] == 0x4D else 1
    if HEADER.unpack_from(capture)[-1] != 1:
        return []
    found, at = [], HEADER.size
    while at + RECORD.size <= len(capture):
        seconds, fraction, length, wire = RECORD.unpack_from(capture, at)
        at += RECORD.size
        found.append((seconds * 1_000_000 + fraction // finer, wire, capture[at : at + length]))
        at += length
    return found


def resets(cases: list[list[tuple[int, int, bytes]]], wanted: int) -> Iterator[bytes]:
    """Records of all cases in turn until there are so many resets (packets that carry a TCP reset over IPv4)."""
    clock = START
    for turn in count():
        for case in cases:
            if wanted <= 0:
                return
            first = case[0][0]
            for moment, wire, data in case:
                at = clock + moment - first
                yield RECORD.pack(at // 1_000_000, at % 1_000_000, len(data), wire) + data
                wanted -= len(data) > 47 and data[12:14] == b"\x08\x00" and data[47] & 4 > 0
            clock += case[-1][0] - first + 500_000
        assert turn < wanted + 10_000, "no case holds a reset"


def main() -> None:
    """Write the capture and the page, load it, print what was measured."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    cases = [packets(path.read_bytes()) for path in sorted(CASES.glob("*/capture.pcap"))]
    with tempfile.TemporaryDirectory() as folder:
        capture, page = Path(folder, "many.pcap"), Path(folder, "many.html")
        with capture.open("wb") as out:
            out.write(HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            out.writelines(resets([case for case in cases if case], wanted))
        begin = time.perf_counter()
        command = [sys.executable, "-m", "whyrst.cli", "analyze", "--format", "html", "-o", str(page), str(capture)]
        subprocess.run(command, check=True)  # noqa: S603  (fixed)
        print(f"written in {time.perf_counter() - begin:.1f} s, {page.stat().st_size / 1e6:.1f} MB")
        with sync_playwright() as browsers:
            browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            shown = []
            for _ in range(RUNS):
                tab = browser.new_page()
                tab.goto(page.as_uri())
                tab.wait_for_selector("output")
                shown.append(tab.evaluate(LOADED))
            print(tab.locator("output").inner_text())
            print(f"loaded in {median(shown):.0f} ms, filtered in {tab.evaluate(FILTER):.0f} ms")
            browser.close()


if __name__ == "__main__":
    main()
