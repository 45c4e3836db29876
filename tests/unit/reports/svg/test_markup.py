from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from whyrst.reports.svg.markup import ADVANCE, cut, document, escape, text

HOSTILE = "<script>alert('x')</script>\"&\x1b[31m\x00\u202e\u2066\x9b]]>\udc80"


def test_what_a_capture_says_stays_text():
    drawn = document(10, 10, HOSTILE, HOSTILE, [text(1, 2, HOSTILE)], "")
    parsed = ET.fromstring(drawn)
    assert {one.tag.rpartition("}")[2] for one in parsed.iter()} == {"svg", "title", "desc", "text"}
    assert parsed[2].text.startswith("<script>")
    assert all(one.isprintable() for one in drawn.replace("\n", ""))


def test_an_attribute_cannot_be_left():
    assert '"' not in escape(HOSTILE)
    assert "'" not in escape(HOSTILE)


def test_a_picture_names_itself():
    parsed = ET.fromstring(document(10, 20, "its name", "what it shows", []))
    assert (parsed.get("role"), parsed[0].text, parsed[1].text) == ("img", "its name", "what it shows")
    assert parsed.get("viewBox") == "0 0 10 20"


@pytest.mark.parametrize("room", [20, 100, 500])
def test_cut_text_fits_and_keeps_both_ends(room):
    short = cut("[2001:db8:1:2:3:4:5:6]:443", room)
    assert len(short) <= max(room / ADVANCE, 3)
    assert short[0] == "["
    assert short[-1] == "3"
