from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from unit.serve.running import EXAMPLE, secret, settled
from whyrst.causes import all_causes
from whyrst.lab.wire import Host, payloads
from whyrst.lab.wire.capture import Capture

NASTY = "<script>alert(1)</script>"


class Elements(HTMLParser):
    """Elements of a page: name and attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def test_every_page_is_there(client, done):
    number = done["id"]
    paths = ["/", f"/captures/{number}", f"/captures/{number}/resets/1", "/compare", "/history", "/live", "/manual",
             "/manual/port-closed"]  # fmt: skip
    for path in paths:
        page = client.get(path)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), path
        assert "<h1>" in page.text


def test_no_page_needs_inline_script_or_style(client, done):
    for path in ("/", f"/captures/{done['id']}", f"/captures/{done['id']}/resets/5", "/history", "/manual/port-closed"):
        elements = Elements(client.get(path).text)
        assert all("src" in one for one in elements.all("script"))
        assert not elements.all("style")
        assert not [one for _, one in elements.found if "style" in one or any(name.startswith("on") for name in one)]


def test_every_field_has_a_label(client, done):
    for path in ("/", f"/captures/{done['id']}", "/history", "/manual", "/compare"):
        elements = Elements(client.get(path).text)
        labels = {one["for"] for one in elements.all("label")}
        fields = [one for tag in ("input", "select") for one in elements.all(tag) if one.get("type") != "hidden"]
        assert {one["id"] for one in fields} <= labels, path


@pytest.mark.parametrize(
    "path", ["/captures/no", "/captures/no/resets/1", "/manual/no", "/no", "/static/no.js", "/live/1"]
)
def test_what_is_not_there_is_told(client, path):
    assert client.get(path).status_code == 404


def test_a_capture_is_shown_with_its_resets(client, done):
    page = client.get(f"/captures/{done['id']}").text
    assert f"{done['quality']['resets']} resets" in page
    assert page.count(f"/captures/{done['id']}/resets/") == done["quality"]["resets"]
    for name in ("Over time", "Incidents", "Causes", "Capture quality"):
        assert name in page


def test_filters_choose_resets(client, done):
    base = f"/captures/{done['id']}"
    for cause, number in client.get("/api/v1/counts", params={"capture": done["id"]}).json().items():
        page = client.get(base, params={"cause": cause, "page": "1", "harm": ""}).text
        assert f"{number} reset{'s' if number > 1 else ''} found" in page
        assert page.count(f"{base}/resets/") == number
    assert "No reset has all of this." in client.get(base, params={"port": "1"}).text
    assert "port is no number" in client.get(base, params={"port": "x"}).text
    assert "page is no number" in client.get(base, params={"page": "x"}).text


def test_a_long_table_has_pages(client, done, monkeypatch):
    monkeypatch.setattr("whyrst.serve.pages.ROWS", 5)
    total = done["quality"]["resets"]
    page, seen = client.get("/history?since=2020-01-01T00:00"), []
    while True:
        seen += re.findall(r"/resets/(\d+)", page.text)
        further = [one for one in Elements(page.text).all("a") if one.get("rel") == "next"]
        if not further:
            break
        page = client.get("/history" + further[0]["href"])
    assert sorted(map(int, seen)) == list(range(1, total + 1))


def test_a_verdict_is_shown_in_full(client, done):
    page = client.get(f"/captures/{done['id']}/resets/5").text
    for label in ("1 type", "2 trace", "3 reference", "4 source", "fix", "to be sure"):
        assert f"<dt>{label}</dt>" in page
    assert f"/api/v1/captures/{done['id']}/verdicts/5/ladder" in page
    assert client.get(f"/captures/{done['id']}/resets/999").status_code == 404


def test_the_history_knows_all_captures(client, done):
    again = client.post("/api/v1/captures?name=again.pcap", content=EXAMPLE.read_bytes()).json()
    settled(client, again["id"])
    assert f"{2 * done['quality']['resets']} resets" in client.get("/history").text
    none = client.get("/history?until=2020-01-01T00:00").text
    assert "No reset has all of this." in none


def test_the_manual_is_complete_and_is_searched(client):
    assert client.get("/manual").text.count('href="/manual/') == len(all_causes())
    for cause in all_causes():
        page = client.get(f"/manual/{cause}")
        assert page.status_code == 200
        assert "What happened" in page.text
    assert "close-with-unread-data" in client.get("/manual?q=TCPAbortOnClose").text
    assert "Did you mean" in client.get("/manual?q=port-closd").text


def test_a_form_uploads(client):
    form = {"secret": secret(client.get("/"))}
    answer = client.post(
        "/captures", data=form, files={"capture": ("../x.pcap", EXAMPLE.read_bytes())}, follow_redirects=False
    )
    assert answer.status_code == 303
    told = settled(client, answer.headers["location"].removeprefix("/captures/"))
    assert (told["state"], told["name"]) == ("done", "x.pcap")


def test_forms_of_others_are_refused(client, done):
    for path in (f"/captures/{done['id']}/delete", f"/captures/{done['id']}/stop", "/folder", "/compare", "/captures"):
        assert client.post(path, data={"secret": "guess"}).status_code == 403
        assert client.post(path, data={}, headers={"content-length": "0"}).status_code == 403
    assert client.get(f"/captures/{done['id']}").status_code == 200


def test_forms_are_bounded(client, tmp_path):
    form = {"secret": secret(client.get("/"))}
    large = client.post("/captures", data=form, files={"capture": ("x", b"x" * 1_200_000)})
    assert (large.status_code, "bytes" in large.text) == (413, True)

    def chunks():
        yield b"secret=x"

    assert client.post("/folder", content=chunks()).status_code == 411
    assert client.post("/captures", data=form, files={"capture": ("x", b"")}).status_code == 400
    assert client.post("/captures", data=form).status_code == 400
    assert not list((tmp_path / "uploads").glob("*"))


def test_forms_analyze_a_folder_compare_and_delete(client, done):
    form = {"secret": secret(client.get("/"))}
    other = client.post("/folder", data=form | {"path": "resets.pcap"}, follow_redirects=False).headers["location"]
    settled(client, other.removeprefix("/captures/"))
    assert client.post("/folder", data=form | {"path": "../pyproject.toml"}).status_code == 404
    assert client.post("/compare", data=form | {"capture": [done["id"]]}).status_code == 400
    chosen = [done["id"], other.removeprefix("/captures/")]
    both = client.post("/compare", data=form | {"capture": chosen}, follow_redirects=False).headers["location"]
    settled(client, both.removeprefix("/captures/"))
    assert "2 captures compared" in client.get(both).text
    for path in (both, other, f"/captures/{done['id']}"):
        assert client.post(f"{path}/delete", data=form, follow_redirects=False).headers["location"] == "/"
        assert client.get(path).status_code == 404


def test_what_a_capture_says_is_only_text(client, tmp_path):
    capture = Capture("client", seed=1)
    proxy = Host("198.51.100.20", ttl=255, hops=4, changes={"layout": "mnwst", "scale": 0, "window": 4380})
    talk = capture.conversation(Host("192.0.2.10"), proxy, 40100, 80, start=0.0)
    talk.handshake()
    talk.exchange(payloads.http_request("/a", host=f"{NASTY}\u202e"), payloads.http_answer(300), think=0.003)
    talk.wait(2.4)
    talk.server.abort(payload=f"BIG-IP: [0x2c1a5e8:1121] {NASTY}".encode())
    capture.write(tmp_path / "x.pcap")
    name, content = f"{NASTY}'\"\u202e.pcap", (tmp_path / "x.pcap").read_bytes()
    made = client.post("/api/v1/captures", params={"name": name}, content=content).json()
    told = settled(client, made["id"])
    assert told["quality"]["resets"] == 1
    for path in ("/", "/compare", "/history", f"/captures/{told['id']}", f"/captures/{told['id']}/resets/1"):
        page = client.get(path).text
        assert NASTY not in page
        assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in client.get(f"/captures/{told['id']}/resets/1").text


def test_light_or_dark_is_remembered(client):
    assert '<html lang="en">' in client.get("/").text
    client.cookies.set("scheme", "dark")
    assert '<html lang="en" class="dark">' in client.get("/").text
    client.cookies.set("scheme", '"><script>')
    assert "><script>" not in client.get("/").text.partition("<head>")[0]


def test_without_the_libraries_no_page_asks_for_them(client, monkeypatch, tmp_path):
    monkeypatch.setattr("whyrst.serve.render.STATIC", tmp_path)
    assert [one["src"] for one in Elements(client.get("/").text).all("script")] == ["/static/app.js"]
