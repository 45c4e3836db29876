"""Takes the pictures of docs/images: the report and ladders, light and dark, from captures of this repository.

python tools/screenshots.py     needs Debian's Chromium and Playwright (dependency group test)
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
CAPTURE = "examples/resets.pcap"
PLACES = "tests/cases/compare/forged-to-both"
"""Captures of three places, between which a device forged two resets."""

IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
FRAME = 93
"""A reset of the example with silence, marks and changing states: a keep-alive race."""

LARGEST = 200_000
"""Bytes of a picture, so that the repository stays small."""


def main() -> int:
    """Write the pictures; fail when one is too large."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report, ladder = Path(folder, "report.html"), Path(folder, "ladder.svg")
        _whyrst("analyze", CAPTURE, "--format", "html", "-o", str(report))
        _whyrst("show", CAPTURE, "--frame", str(FRAME), "--format", "svg", "-o", str(ladder))
        several = Path(folder, "several.svg")
        captures = [f"{PLACES}/{place}.pcap" for place in ("client", "router", "server")]
        _whyrst("compare", *captures, "--reset", "1", "--ladder", str(several), "-o", str(Path(folder, "text")))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for scheme in schemes:
            _report(browser, report, scheme)
            _ladder(browser, ladder, f"ladder-{scheme}", scheme)
            _ladder(browser, several, f"compare-{scheme}", scheme)
        browser.close()
    large = [path.name for path in IMAGES.glob("*.png") if path.stat().st_size > LARGEST]
    print(f"too large: {', '.join(large)}" if large else f"written to {IMAGES.relative_to(ROOT)}")
    return 1 if large else 0


def _whyrst(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "whyrst.cli", *arguments], cwd=ROOT, check=True)


def _report(browser: Browser, path: Path, scheme: Literal["light", "dark"]) -> None:
    """The top of the report, and the table with an open verdict."""
    page = browser.new_page(viewport={"width": 1240, "height": 860}, color_scheme=scheme)
    page.goto(path.as_uri())
    page.screenshot(path=IMAGES / f"report-{scheme}.png")
    page.get_by_role("button", name=f"Frame {FRAME}, details").click()
    page.locator("#resets").evaluate("one => one.scrollIntoView({behavior: 'instant'})")
    page.screenshot(path=IMAGES / f"verdict-{scheme}.png")
    page.close()


def _ladder(browser: Browser, path: Path, name: str, scheme: Literal["light", "dark"]) -> None:
    """A picture that stands alone."""
    page = browser.new_page(color_scheme=scheme, device_scale_factor=1.5)
    page.set_content(path.read_text(encoding="utf-8"))
    page.locator("svg").screenshot(path=IMAGES / f"{name}.png")
    page.close()


if __name__ == "__main__":
    sys.exit(main())
