from __future__ import annotations

from io import BytesIO

import pytest

from whyrst.reports.page import Page


@pytest.fixture
def out() -> BytesIO:
    return BytesIO()


def test_a_long_line_is_cut_and_says_so(out):
    Page(out, 20).line("0123456789", ("bold", "0123456789"), "0123456789")
    assert out.getvalue() == b"01234567890123456...\n"


def test_colour_does_not_change_where_lines_are_cut(out):
    plain = BytesIO()
    spans = ["0123456789", ("bold", "0123456789"), ("dim", "0123456789")]
    Page(plain, 20).line(*spans)
    Page(out, 20, color=True).line(*spans)
    assert out.getvalue().replace(b"\x1b[1m", b"").replace(b"\x1b[0m", b"") == plain.getvalue()
    assert b"\x1b[1m" in out.getvalue()


def test_fields_are_wrapped_beside_their_label(out):
    Page(out, 30).field("fix", ["Read to the end of the request.", "Then close."])
    assert out.getvalue().decode() == (
        "  fix      Read to the end of\n           the request.\n           Then close.\n"
    )


def test_a_word_that_is_too_long_is_broken(out):
    Page(out, 20).field("who", "x" * 30)
    assert max(len(line) for line in out.getvalue().splitlines()) == 20


def test_an_empty_field_keeps_its_label(out):
    Page(out, 20).field("why", "")
    assert out.getvalue() == b"  why\n"


def test_control_characters_are_escaped_everywhere(out):
    page = Page(out)
    for write in (page.line, page.text, page.title):
        write("evil\x1b[2Jname\r")
    page.field("who", "evil\x1b[2Jname\x9b")
    assert b"\x1b" not in out.getvalue()
    assert b"\r" not in out.getvalue()
    assert out.getvalue().count(b"evil\\x1b[2Jname") == 4


def test_names_that_are_no_utf8_are_written(out):
    Page(out).line("odd\udcff.pcap")
    assert out.getvalue() == b"odd\\xff.pcap\n"
