"""Takes the pictures of docs/images: report, ladders and web app, light and dark, from captures of this repository.

python tools/screenshots.py     needs Debian's Chromium and Playwright (dependency group test)
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

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
            with _served(Path(folder, scheme)) as address:
                _app(browser, address, scheme)
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


@contextmanager
def _served(data: Path) -> Iterator[str]:
    """The web app, on a port of its own; with live resets where the kernel may be asked."""
    live = ["--trace"] if os.geteuid() == 0 else []
    words = ["serve", "--port", "0", "--data", str(data), "--folder", PLACES, *live]
    with subprocess.Popen(
        [sys.executable, "-m", "whyrst.cli", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None, "it is a pipe"
        try:
            yield process.stderr.readline().split()[1].rstrip("/")
        finally:
            process.terminate()


def _app(browser: Browser, address: str, scheme: Literal["light", "dark"]) -> None:
    """The first page with some captures, one capture, and live resets."""
    page = browser.new_page(viewport={"width": 1240, "height": 860}, color_scheme=scheme)
    page.goto(f"{address}/live")
    listening = page.locator("#live-state").count() > 0
    page.goto(address)
    for place in ("client", "router", "server"):
        page.get_by_label(f"{place}.pcap").check()
    page.get_by_role("button", name="Analyze what is ticked").click()
    page.get_by_role("heading", name="Capture quality").wait_for()
    page.goto(address)
    page.get_by_label("Capture files").set_input_files(ROOT / CAPTURE)
    page.get_by_role("button", name="Analyze", exact=True).click()
    page.get_by_role("heading", name="Capture quality").wait_for()
    page.screenshot(path=IMAGES / f"serve-capture-{scheme}.png")
    page.goto(address)
    page.screenshot(path=IMAGES / f"serve-home-{scheme}.png")
    if listening:
        page.goto(f"{address}/live")
        for resets in (1, 3, 2, 4):
            _reset_some(resets)
            page.wait_for_timeout(1100)
        page.screenshot(path=IMAGES / f"serve-live-{scheme}.png")
    page.close()


def _reset_some(number: int) -> None:
    """Make this host's kernel send resets: closed ports, unread data, a lingering time of zero."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        for way in range(number):
            with socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted:
                if way % 2:
                    client.sendall(b"never read")
                    time.sleep(0.01)
                else:
                    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        closed = server.getsockname()
    for _ in range(number):
        with socket.socket() as client:
            client.connect_ex(closed)


if __name__ == "__main__":
    sys.exit(main())
