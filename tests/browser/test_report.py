"""The HTML report as a reader sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.reports.fakes import INCIDENT, verdict
from unit.reports.html.test_page import hostile_page, page
from whyrst.cli.status import run
from whyrst.lab.wire import Host, payloads
from whyrst.lab.wire.capture import Capture

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "resets.pcap"
RESETS = 16


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of the example capture."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert run(["analyze", str(EXAMPLE), "--format", "html", "-o", str(path)]) == 0
    return path


@pytest.fixture
def long_report(tmp_path):
    """The report of 230 made-up resets of two causes and two servers."""
    verdicts = [
        verdict(
            n,
            cause="port-closed" if n % 2 else "linger-zero",
            harm="refused" if n % 2 else "aborted",
            confidence="certain" if n % 3 else "possible",
            server=f"10.0.0.{n % 2 + 5}:{8080 + n % 2}",
            client=f"10.0.0.9:{50000 + n}",
            incident="i1" if n <= 10 else None,
        )
        for n in range(1, 231)
    ]
    path = tmp_path / "long.html"
    path.write_text(page(verdicts, incidents=(INCIDENT,)), encoding="utf-8")
    return path


def shown(tab):
    """Frames of the rows of the table."""
    return [int(one.inner_text()) for one in tab.locator("td .open").all()]


def count(tab):
    return tab.locator("output").inner_text()


def column(tab, place):
    return tab.locator(f"tbody tr:not(.told) td:nth-child({place})").all_inner_texts()


def test_the_whole_report_is_there(tab, report):
    seen = tab(report)
    assert seen.title() == f"whyrst: {RESETS} TCP resets"
    assert count(seen) == f"{RESETS} resets, page 1 of 1"
    assert len(shown(seen)) == RESETS
    for name in ("Summary", "Over time", "Incidents", "Causes", "Resets", "Capture quality"):
        assert seen.get_by_role("heading", name=name, exact=True).is_visible()
    assert seen.get_by_role("img", name="Resets over time").is_visible()


def test_filters(tab, long_report):
    seen = tab(long_report)
    assert count(seen) == "230 resets, page 1 of 5"
    seen.get_by_label("Cause", exact=True).select_option("port-closed")
    assert count(seen) == "115 of 230 resets, page 1 of 3"
    assert set(column(seen, 3)) == {"port-closed"}
    seen.get_by_label("How sure").select_option("possible")
    assert count(seen).startswith("38 of 230 resets")
    seen.get_by_label("Harm").select_option("aborted")
    assert count(seen).startswith("0 of 230 resets")
    seen.get_by_role("button", name="Show all").click()
    assert count(seen) == "230 resets, page 1 of 5"
    assert seen.get_by_label("Cause", exact=True).input_value() == ""
    seen.get_by_label("Port", exact=True).fill("8081")
    seen.get_by_text("115 of 230 resets").wait_for()
    seen.get_by_label("Port", exact=True).fill("808")
    seen.get_by_text("0 of 230 resets").wait_for()
    seen.get_by_label("Port", exact=True).fill("")
    seen.get_by_label("Host or name").fill("10.0.0.6")
    seen.get_by_text("115 of 230 resets").wait_for()
    seen.get_by_label("Host or name").fill("")
    seen.get_by_label("Incident", exact=True).select_option(INCIDENT.title)
    seen.get_by_text("10 of 230 resets").wait_for()


def test_any_word_of_a_verdict_is_found(tab, long_report):
    seen = tab(long_report)
    seen.get_by_label("Text").fill("50123")
    seen.get_by_text("1 of 230 resets").wait_for()
    seen.get_by_label("Text").fill("SHUT DOWN AND DRAIN")
    seen.get_by_text("230 resets, page 1 of 5").wait_for()


def test_sorting(tab, long_report):
    seen = tab(long_report)
    head = seen.get_by_role("columnheader", name="frame")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert shown(seen)[:3] == [230, 229, 228]
    seen.get_by_role("columnheader", name="cause").get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    assert set(column(seen, 3)) == {"linger-zero"}
    seen.get_by_role("columnheader", name="harm").get_by_role("button").click()
    seen.get_by_role("columnheader", name="harm").get_by_role("button").click()
    assert set(column(seen, 5)) == {"aborted"}


def test_pages(tab, long_report):
    seen = tab(long_report)
    assert seen.get_by_role("button", name="Previous").is_disabled()
    for _ in range(4):
        seen.get_by_role("button", name="Next").click()
    assert count(seen) == "230 resets, page 5 of 5"
    assert shown(seen)[-1] == 230
    assert len(shown(seen)) == 30
    assert seen.get_by_role("button", name="Next").is_disabled()


INSIDE = """badge => {
    const range = document.createRange();
    range.selectNode(badge.lastChild);
    const text = range.getBoundingClientRect(), box = badge.getBoundingClientRect();
    return text.width > 0 && box.left <= text.left && text.right <= box.right;
}"""
"""Whether the number of a mark is drawn inside its circle."""


def test_a_verdict_opens_with_its_ladder(tab, report):
    seen = tab(report)
    seen.get_by_role("button", name="Frame 93, details").click()
    told = seen.locator("tr.told")
    text = told.inner_text()
    for label in ("1 type", "2 trace", "3 reference", "4 source", "rather not", "fix", "to be sure", "look further"):
        assert label in text
    assert "whyrst show" in text
    assert "tcp.stream eq" in text
    ladder = told.get_by_role("img")
    assert ladder.is_visible()
    assert ladder.bounding_box()["height"] > 200
    badges = {int(one.text_content().removeprefix("mark ")) for one in told.locator(".badge").all()}
    marks = {int(one.text_content()) for one in ladder.locator(".mark text").all()}
    assert badges == marks != set()
    assert all(one.evaluate(INSIDE) for one in told.locator(".badge").all())
    seen.get_by_role("button", name="Frame 93, details").click()
    assert not seen.locator("tr.told").count()


def test_every_reset_of_the_example_has_its_ladder(tab, report):
    seen = tab(report)
    for at in range(RESETS):
        seen.locator("td .open").nth(at).click()
    assert seen.locator("tr.told svg").count() == RESETS


def test_causes_and_incidents_open_and_lead_to_their_resets(tab, report):
    seen = tab(report)
    seen.locator("#causes summary", has_text="keep-alive-race").click()
    card = seen.locator("#causes details[open]")
    assert card.get_by_role("img").is_visible()
    card.get_by_role("button", name="List its resets").click()
    assert set(column(seen, 3)) == {"keep-alive-race"}
    assert seen.get_by_label("Cause", exact=True).evaluate("one => one === document.activeElement")
    seen.locator("#incidents summary").first.click()
    seen.locator("#incidents details[open]").get_by_role("button", name="List its resets").click()
    assert count(seen).startswith("3 of 16 resets")


def test_the_keyboard_reaches_everything(tab, report):
    seen = tab(report)
    seen.keyboard.press("Tab")
    assert seen.evaluate("document.activeElement.textContent") == "Skip to the content"
    seen.locator("#causes summary").first.focus()
    seen.keyboard.press("Enter")
    assert seen.locator("#causes details[open]").count() == 1
    seen.locator("td .open").nth(3).focus()
    seen.keyboard.press("Enter")
    assert seen.locator("tr.told").count() == 1
    assert seen.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    seen.get_by_role("columnheader", name="time").get_by_role("button").focus()
    seen.keyboard.press("Space")
    assert seen.get_by_role("columnheader", name="time").get_attribute("aria-sort") == "ascending"


def ground(seen, of="body"):
    return seen.locator(of).first.evaluate("one => getComputedStyle(one).backgroundColor")


def test_dark_and_light_follow_the_reader(tab, report):
    light, dark = tab(report, color_scheme="light"), tab(report, color_scheme="dark")
    assert ground(light) == "rgb(255, 255, 255)"
    assert ground(dark) == "rgb(17, 22, 28)"
    fill = "one => getComputedStyle(one).fill"
    assert dark.locator(".whyrst .ground").first.evaluate(fill) == "rgb(17, 22, 28)"
    dark.get_by_role("button", name="Light").click()
    assert ground(dark) == "rgb(255, 255, 255)"
    assert dark.locator(".whyrst .ground").first.evaluate(fill) == "rgb(255, 255, 255)"
    light.get_by_role("button", name="Dark").click()
    assert ground(light) == "rgb(17, 22, 28)"


def test_without_script_it_can_be_read(tab, long_report, report):
    seen = tab(long_report, java_script_enabled=False)
    assert seen.locator("tbody tr").count() == 100
    assert seen.get_by_text("The first 100 are listed here").is_visible()
    assert not seen.get_by_role("button").count()
    plain = tab(report, java_script_enabled=False)
    plain.locator("#causes summary").first.click()
    assert plain.locator("#causes details[open]").get_by_role("img").is_visible()
    assert plain.locator("#causes details[open]").get_by_text("2 trace").is_visible()
    plain.locator("#incidents summary").first.click()
    plain.get_by_role("link", name="Go to its ladder").first.click()
    assert plain.url.partition("#")[2].startswith("ladder-")


def test_hostile_verdicts_run_nothing(tab, tmp_path):
    path = tmp_path / "hostile.html"
    path.write_text(hostile_page(), encoding="utf-8")
    seen = tab(path)
    for summary in seen.locator("summary").all():
        summary.click()
    seen.locator("td .open").first.click()
    assert "<script>alert('x')</script>" in seen.locator("tr.told").inner_text()
    assert "\\x1b" in seen.locator("tr.told").inner_text()
    assert seen.evaluate("document.scripts.length") == 2


@pytest.fixture
def hostile_capture(tmp_path):
    """A capture whose name, HTTP host and reset payload are meant for a browser."""
    name = "<img src=x onerror=alert(1)>"
    capture = Capture("client", seed=1)
    proxy = Host("198.51.100.20", ttl=255, hops=4, changes={"layout": "mnwst", "scale": 0, "window": 4380})
    talk = capture.conversation(Host("192.0.2.10"), proxy, 40100, 80, start=0.0)
    talk.handshake()
    talk.exchange(payloads.http_request("/a", host=f"{name}\u202e"), payloads.http_answer(300), think=0.003)
    talk.wait(2.4)
    talk.server.abort(payload=f"BIG-IP: [0x2c1a5e8:1121] {name}".encode())
    path = tmp_path / f"{name}'\"\u202e.pcap"
    capture.write(path)
    return path


def test_a_hostile_capture_runs_nothing(tab, hostile_capture, tmp_path):
    path = tmp_path / "report.html"
    assert run(["analyze", str(hostile_capture), "--format", "html", "-o", str(path)]) == 0
    seen = tab(path)
    for summary in seen.locator("summary").all():
        summary.click()
    seen.locator("td .open").first.click()
    assert seen.locator("tr.told svg").is_visible()
    text = seen.locator("main").inner_text()
    assert "<img src=x onerror=alert(1)>" in text
    assert "\u202e" not in text
    assert not seen.locator("img").count()


def test_nothing_is_wider_than_a_narrow_screen(tab, report):
    seen = tab(report, viewport={"width": 390, "height": 800})
    for summary in seen.locator("summary").all():
        summary.click()
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_paper_everything_is_open(tab, report):
    seen = tab(report)
    seen.emulate_media(media="print")
    seen.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert seen.locator("#causes svg").first.is_visible()
    assert not seen.locator("#filters").is_visible()
    assert ground(seen) == "rgb(255, 255, 255)"


def test_several_captures_keep_their_names(tab, tmp_path):
    path = tmp_path / "two.html"
    path.write_text(page([verdict(1, capture="/x/one.pcap"), verdict(1, capture="/x/two.pcap")]), encoding="utf-8")
    seen = tab(path)
    assert [one.inner_text() for one in seen.locator(".file").all()] == ["one.pcap", "two.pcap"]
    seen.get_by_label("Text").fill("/x/two")
    seen.get_by_text("1 of 2 resets").wait_for()


BLOCKED = """async () => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    const image = new Image();
    const loaded = new Promise((done) => { image.onload = () => done(true); image.onerror = () => done(false); });
    image.src = "http://127.0.0.1:1/x.png";
    const asked = await fetch("http://127.0.0.1:1/").then(() => true, () => false);
    return [window.ran ?? false, await loaded, asked];
}"""


def test_the_policy_holds_even_for_what_is_in_the_page(browser, report):
    """Its complaints are wanted here, so this tab is not watched for silence."""
    with browser.new_context() as context:
        seen, said = context.new_page(), []
        seen.on("console", lambda message: said.append(message.text))
        seen.goto(report.as_uri())
        assert seen.evaluate(BLOCKED) == [False, False, False]
        for directive in ("script-src", "img-src", "default-src"):
            assert any(directive in line and "Content Security Policy" in line for line in said), directive
