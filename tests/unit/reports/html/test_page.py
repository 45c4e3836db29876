"""The page as text; tests/browser looks at it in a browser."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO

import msgspec
import pytest

from unit.reports.fakes import INCIDENT, Fake, quality, verdict
from unit.reports.svg.test_markup import HOSTILE
from whyrst import model
from whyrst.model import Damage
from whyrst.reports import html
from whyrst.reports.html import kept, parts
from whyrst.reports.page import View

VOID = {"meta", "link", "br", "path", "rect", "circle"}


class Elements(HTMLParser):
    """Collects elements and demands that they are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.found, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, text):
        if not {"script", "style"} & set(self.open):
            self.texts.append(text)


def page(*batches, names=("shop.pcap",), **more) -> str:
    out = BytesIO()
    html.write(Fake(*batches, **more), out, View(names=names))
    return out.getvalue().decode()


def hostile_verdict(frame=7):
    evidence = (model.Evidence("supports", "yes", HOSTILE, (3,)),)
    made = verdict(frame, declared=HOSTILE, fix=HOSTILE, to_be_sure=HOSTILE, capture=HOSTILE, evidence=evidence)
    connection = msgspec.structs.replace(made.connection, name=HOSTILE, tunnel=HOSTILE)
    harm = model.Harm("data-lost", 5, HOSTILE)
    return msgspec.structs.replace(made, connection=connection, harm=harm, incident="i1")


def hostile_page():
    incident = msgspec.structs.replace(INCIDENT, title=HOSTILE, says=HOSTILE + "!")
    known = quality(captures=(HOSTILE,), damage=(Damage(HOSTILE, 4, HOSTILE),))
    return page([hostile_verdict()], names=(HOSTILE,), incidents=(incident,), known=known)


def test_its_elements_are_closed():
    many = [verdict(n, harm=harm) for n, harm in enumerate(["none", "refused", "data-lost"] * 80, 1)]
    Elements(page(many, incidents=(INCIDENT,)))
    Elements(page())


def test_it_says_the_same_without_a_script():
    seen = " ".join(Elements(page([verdict(7)], incidents=(INCIDENT,))).texts)
    for text in (
        "1 TCP reset",
        "data lost",
        INCIDENT.title,
        "close-with-unread-data",
        "1,448 bytes of the client were never delivered",
        "net/ipv4/tcp.c: __tcp_close, unread data",
        "RFC 2525 section 2.17",
        "Read to the end of the request before closing",
        "1,143 packets = 1,120 TCP segments",
        "10.0.0.5:8080 -> 10.0.0.9:51234",
    ):
        assert text in seen


def test_no_resets():
    seen = Elements(page())
    assert "No TCP resets." in seen.texts
    assert not [tag for tag, _ in seen.found if tag == "table"]


def test_a_long_table_goes_on_by_script():
    seen = Elements(page([verdict(n) for n in range(1, parts.PLAIN + 50)]))
    assert sum(tag == "tr" for tag, _ in seen.found) == parts.PLAIN + 1
    assert any(f"The first {parts.PLAIN} are listed here" in text for text in seen.texts)


def test_it_says_what_it_left_out(monkeypatch):
    monkeypatch.setattr(kept.Kept.__init__, "__defaults__", (30,))
    seen = " ".join(Elements(page([verdict(n) for n in range(1, 101)])).texts)
    assert "This page holds 30 of 100 resets" in seen
    assert "100 TCP resets" in seen


def test_nothing_from_a_capture_becomes_markup():
    seen = Elements(hostile_page())
    assert sum(tag == "script" for tag, _ in seen.found) == 2
    assert not [tag for tag, _ in seen.found if tag in {"img", "iframe", "object", "embed", "form", "base"}]
    for tag, attributes in seen.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
    assert any("<script>alert" in text for text in seen.texts)


def test_control_characters_and_bidi_marks_are_made_visible():
    assert not [one for one in hostile_page() if not (one.isprintable() or one == "\n")]


@pytest.mark.parametrize("made", [page, hostile_page])
def test_the_policy_allows_its_own_style_and_script_only(made):
    shown = made()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', shown)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for name in ("style", "script"):
        (text,) = re.findall(rf"<{name}>(.*?)</{name}>", shown, re.DOTALL)
        assert rules[f"{name}-src"] == f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
    assert "unsafe" not in policy


def test_it_asks_the_network_for_nothing():
    for tag, attributes in Elements(page([verdict(7)])).found:
        for name in ("src", "href", "action", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:,")), tag


def test_ladders_need_a_second_reading():
    assert "could not be read a second time" in page([verdict(7)])
