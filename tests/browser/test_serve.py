"""The web app as its user sees it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from unit.serve.site import site
from whyrst.kernel import privileges
from whyrst.lab.wire import Host, payloads
from whyrst.lab.wire.capture import Capture
from whyrst.serve import render
from whyrst.serve.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "resets.pcap"
PLACES = ROOT / "tests" / "cases" / "compare" / "forged-to-both"
RESETS = 16
NASTY = "<img src=x onerror=alert(1)><script>alert(2)</script>"

needs_libraries = pytest.mark.skipif(not render.vendored(), reason="make front has not brought htmx and uPlot")


@pytest.fixture
def address(tmp_path, request):
    """Where the app is; other settings come as a parameter."""
    more = getattr(request, "param", {})
    with site(Settings(data=tmp_path / "data", folders=(PLACES,), max_size=1_000_000, **more)) as where:
        yield where


@pytest.fixture
def visit(browser, address):
    """Opens pages of the app; none may complain, run what it should not, or ask anybody else."""
    contexts, said, asked = [], [], []

    def opened(path="/", **how):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []


def upload(page, *files):
    page.get_by_label("Capture files").set_input_files(files)
    page.get_by_role("button", name="Analyze", exact=True).click()


def analyzed(page, path=EXAMPLE):
    upload(page, path)
    page.wait_for_url("**/captures/*")
    page.get_by_role("heading", name="Capture quality").wait_for()
    return page


def test_a_capture_is_uploaded_watched_and_shown(visit):
    page = analyzed(visit())
    assert page.title() == "resets.pcap - whyrst"
    assert page.get_by_role("status").inner_text() == f"{RESETS} resets"
    for name in ("Over time", "Incidents", "Causes", "Resets", "Capture quality"):
        assert page.get_by_role("heading", name=name, exact=True).is_visible()
    page.get_by_role("link", name="Captures", exact=True).click()
    assert "done" in page.get_by_role("row", name="resets.pcap").inner_text()


def test_several_files_at_once(visit, tmp_path):
    page = visit()
    (tmp_path / "two.pcap").write_bytes(EXAMPLE.read_bytes())
    upload(page, EXAMPLE, tmp_path / "two.pcap")
    for name in ("resets.pcap", "two.pcap"):
        page.get_by_role("row", name=name).get_by_text("done").wait_for()


DROP = """async ([name, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], name));
    for (const kind of ["dragenter", "drop"]) {
        document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
    }
}"""


def test_a_file_is_dropped(visit):
    page = visit()
    page.evaluate(DROP, ["dropped.pcap", list(EXAMPLE.read_bytes())])
    page.get_by_role("heading", name="dropped.pcap").wait_for()


def test_what_is_wrong_with_a_file_is_told(visit, tmp_path):
    (tmp_path / "no.pcap").write_bytes(b"this is no capture, whatever it is called")
    page = visit()
    upload(page, tmp_path / "no.pcap")
    page.get_by_role("heading", name="It could not be analyzed").wait_for()
    assert page.locator("main .alarm").inner_text()
    page.get_by_role("button", name="Delete").click()
    assert page.get_by_text("None yet.").is_visible()


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(visit, tmp_path):
    (tmp_path / "large.pcap").write_bytes(bytes(1_000_001))
    page = visit()
    upload(page, tmp_path / "large.pcap")
    page.get_by_role("alert").filter(has_text="large.pcap: it has more bytes").wait_for()
    assert page.get_by_role("button", name="Analyze", exact=True).is_enabled()


def test_an_analysis_that_does_not_end_shows_that_it_runs_and_is_stopped(visit, tmp_path, address):
    page = visit()
    (tmp_path / "slow.pcap").write_bytes(EXAMPLE.read_bytes())
    upload(page, tmp_path / "slow.pcap")
    page.get_by_role("heading", name="Capture quality").wait_for()
    stored = next((tmp_path / "data" / "uploads").iterdir())
    stored.unlink()
    os.mkfifo(stored)  # whoever reads it now waits for ever
    page.goto(address)
    upload(page, EXAMPLE)
    page.get_by_role("heading", name="Capture quality").wait_for()
    page.get_by_role("link", name="Compare").click()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("progressbar", name="Analysis").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("heading", name="Stopped").wait_for()


@needs_libraries
def test_filters_change_the_table_and_the_address_without_a_new_page(visit):
    page = analyzed(visit())
    page.evaluate("window.same = true")
    page.get_by_label("Cause", exact=True).select_option("keep-alive-race")
    page.get_by_text("3 resets found").wait_for()
    assert page.locator("#found tbody tr").count() == 3
    assert "cause=keep-alive-race" in page.url
    page.get_by_label("Address").fill("10.9.9.9")
    page.get_by_text("No reset has all of this.").wait_for()
    assert page.evaluate("window.same")
    page.get_by_role("link", name="Show all").click()
    page.get_by_text(f"{RESETS} resets", exact=True).wait_for()
    page.get_by_role("searchbox", name="Text").fill("unread")
    page.get_by_text("1 reset found").wait_for()


def test_a_reset_is_opened_with_its_ladder(visit):
    page = analyzed(visit())
    page.get_by_role("link", name="Frame 93, details").click()
    text = page.locator("dl.fields").inner_text()
    for label in ("1 type", "2 trace", "3 reference", "4 source", "fix", "to be sure", "look further"):
        assert label in text
    ladder = page.locator("figure.ladder svg")
    ladder.wait_for()
    assert ladder.bounding_box()["height"] > 200
    badges = {int(one.text_content().removeprefix("mark ")) for one in page.locator(".badge").all()}
    assert badges == {int(one.text_content()) for one in ladder.locator(".mark text").all()} != set()
    page.get_by_role("link", name="as text").click()
    assert "RST" in page.locator("pre").inner_text()
    page.go_back()
    page.get_by_role("link", name="Next").click()
    page.get_by_text("reset 6 of 16").wait_for()
    page.locator("figure.ladder svg").wait_for()


def test_captures_of_a_folder_are_compared(visit):
    page = visit()
    for place in ("client", "router", "server"):
        page.get_by_label(f"{place}.pcap").check()
    page.get_by_role("button", name="Analyze what is ticked").click()
    page.get_by_text("3 captures compared").wait_for()
    page.locator("#found a").first.click()
    assert "made between client.pcap and router.pcap" in page.locator("dl.fields").inner_text()
    ladder = page.locator("figure.ladder svg")
    ladder.wait_for()
    for place in ("client.pcap", "router.pcap", "server.pcap"):
        assert place in ladder.text_content()


def test_uploads_are_compared(visit):
    page = visit()
    upload(page, PLACES / "client.pcap", PLACES / "server.pcap")
    page.get_by_role("row", name="server.pcap").get_by_text("done").wait_for()
    page.get_by_role("link", name="Compare").click()
    for place in ("client", "server"):
        page.get_by_label(f"{place}.pcap").check()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="Capture quality").wait_for()
    page.locator("#found a").first.click()
    page.locator("figure.ladder svg").wait_for()
    assert "server.pcap" in page.locator("figure.ladder svg").text_content()


def test_the_history_and_the_manual(visit):
    page = analyzed(visit())
    page.get_by_role("link", name="History").click()
    page.get_by_text(f"{RESETS} resets", exact=True).wait_for()
    assert page.get_by_role("img", name="Resets over time").is_visible()
    page.get_by_label("Until (UTC)").fill("2020-01-01T00:00:00")
    page.get_by_role("button", name="Filter").click()
    page.get_by_text("No reset has all of this.").wait_for()
    page.get_by_role("link", name="Manual").click()
    page.get_by_role("searchbox").fill("TCPAbortOnClose")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="close-with-unread-data").click()
    assert page.get_by_role("heading", name="What happened").is_visible()
    assert page.get_by_role("link", name="1 reset in the history").is_visible()


@pytest.mark.parametrize("address", [{"token": "a token of this test"}], indirect=True)
def test_the_token_is_asked_for_once(visit):
    page = visit("/history")
    assert page.get_by_role("heading", name="Who are you?").is_visible()
    page.get_by_label("Token").fill("a token of this test")
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("heading", name="Why was it reset?").wait_for()
    analyzed(page)
    assert page.context.cookies()[0]["httpOnly"]


def test_the_live_page_tells_why_it_is_off(visit):
    page = visit("/live")
    assert page.get_by_text("sudo whyrst serve --trace").is_visible()


@pytest.mark.root
@pytest.mark.skipif(bool(privileges.missing(privileges.held())), reason="whyrst trace may not run here")
@pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="the kernel has no BTF")
@pytest.mark.parametrize("address", [{"trace": True}], indirect=True)
def test_the_live_page_shows_resets_as_they_come(visit):
    page = visit("/live")
    page.get_by_text("Listening to the kernel").wait_for()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    row = page.locator("#live tr", has_text=f"127.0.0.1:{port}").filter(has_text="port-closed")
    for _ in range(60):  # the probes need a moment until they see
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
        page.wait_for_timeout(500)
        if row.count():
            break
    assert "refused" in row.first.inner_text()
    counted = page.locator("#causes li", has_text="port-closed")
    assert "reset" in counted.inner_text()
    if render.vendored():
        assert page.locator("#chart canvas").is_visible()
    row.first.get_by_role("link").click()
    assert f"127.0.0.1:{port}" in page.locator("dl.fields").inner_text()
    kept = page.get_by_role("link", name="live since").first
    for _ in range(60):  # they are written every second
        page.get_by_role("link", name="History").click()
        if kept.count():
            break
        page.wait_for_timeout(500)
    kept.click()
    page.locator("#found td a").first.click()
    assert page.get_by_text("there are no packets to draw").is_visible()
    plain = visit("/live", java_script_enabled=False)
    assert plain.locator("#live tr", has_text=f"127.0.0.1:{port}").count()


def hostile(path):
    capture = Capture("client", seed=1)
    proxy = Host("198.51.100.20", ttl=255, hops=4, changes={"layout": "mnwst", "scale": 0, "window": 4380})
    talk = capture.conversation(Host("192.0.2.10"), proxy, 40100, 80, start=0.0)
    talk.handshake()
    talk.exchange(payloads.http_request("/a", host=f"{NASTY}\u202e"), payloads.http_answer(300), think=0.003)
    talk.wait(2.4)
    talk.server.abort(payload=f"BIG-IP: [0x2c1a5e8:1121] {NASTY}".encode())
    capture.write(path)
    return path


def test_a_hostile_capture_runs_nothing(visit, tmp_path, address):
    name = f"{NASTY}'\"\u202e.pcap".replace("/", "")
    page = analyzed(visit(), hostile(tmp_path / name))
    assert "onerror" in page.get_by_role("heading", level=1).inner_text()
    for path in ("/", "/history"):
        page.goto(address + path)
        assert "onerror" in page.locator("main").inner_text()
        assert not page.locator("main img").count()
    page.locator("#found td a").first.click()
    page.locator("figure.ladder svg").wait_for()
    text = page.locator("main").inner_text()
    assert "<script>alert(2)" in text
    assert "\u202e" not in text
    assert not page.locator("img").count()
    assert page.evaluate("[...document.scripts].every((one) => one.src.startsWith(location.origin))")


def ground(page):
    return page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor")


def test_dark_and_light_follow_the_reader_and_the_switch_is_remembered(visit):
    assert ground(visit(color_scheme="light")) == "rgb(255, 255, 255)"
    page = visit(color_scheme="dark")
    assert ground(page) == "rgb(17, 22, 28)"
    page.get_by_role("button", name="Light").click()
    assert ground(page) == "rgb(255, 255, 255)"
    page.get_by_role("link", name="Manual").click()
    assert ground(page) == "rgb(255, 255, 255)"
    assert page.get_by_role("button", name="Dark").is_visible()


def test_the_keyboard_reaches_everything(visit):
    page = analyzed(visit())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.locator("#incidents summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#incidents details[open]").count() == 1
    page.get_by_role("link", name="Frame 93, details").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/resets/*")


def test_nothing_is_wider_than_a_narrow_screen(visit, address):
    page = analyzed(visit(viewport={"width": 390, "height": 800}))
    capture = page.url.removeprefix(address)
    for path in (capture, f"{capture}/resets/5", "/history", "/manual/port-closed", "/compare", "/live", "/"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


AXE = ROOT / "src/whyrst/serve/front/node_modules/axe-core/axe.min.js"
CHECK = """async (tags) => (await axe.run(document, {runOnly: {type: "tag", values: tags}})).violations
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`)"""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.mark.skipif(not AXE.exists(), reason="make front has not brought axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_keep_the_rules_of_wcag_aa_that_can_be_checked(visit, address, scheme):
    page = analyzed(visit(color_scheme=scheme))
    capture = page.url.removeprefix(address)
    for path in (
        capture,
        f"{capture}/resets/5",
        "/history",
        "/manual",
        "/manual/port-closed",
        "/compare",
        "/live",
        "/",
    ):
        page.goto(address + path)
        if path.endswith("5"):
            page.locator("figure.ladder svg").wait_for()
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate(CHECK, WCAG) == [], path


@pytest.mark.parametrize("scripts", [True, False])
def test_without_the_libraries_or_any_script_it_is_plain_html(visit, monkeypatch, tmp_path, scripts):
    (tmp_path / "static").mkdir()
    for name in ("app.css", "app.js"):
        (tmp_path / "static" / name).write_bytes((render.STATIC / name).read_bytes())
    monkeypatch.setattr(render, "STATIC", tmp_path / "static")
    page = analyzed(visit(java_script_enabled=scripts))
    page.get_by_label("Cause", exact=True).select_option("keep-alive-race")
    page.get_by_role("button", name="Filter").click()
    page.get_by_text("3 resets found").wait_for()
    page.locator("#found td a").first.click()
    page.locator("figure.ladder svg" if scripts else "figure.ladder img").wait_for()
    assert "2 trace" in page.locator("dl.fields").inner_text()
