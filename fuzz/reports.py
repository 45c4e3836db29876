"""Coverage-guided search for captures whose reports could harm who reads them.

    python fuzz/reports.py [libFuzzer options] [CORPUS]

Every format and the ladder of some resets are written. Text must hold no control character but the end of a line, nor
JSON any that a terminal acts on; pictures and the page must be well-formed and hold no element from the capture.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import atheris

with atheris.instrument_imports(include=["whyrst"]):
    import msgspec
    from search import captures, placed, search

    from whyrst.analysis import analyze
    from whyrst.capture.errors import CaptureError
    from whyrst.causes import all_causes
    from whyrst.reports import formats
    from whyrst.reports.conversation import collect
    from whyrst.reports.page import Page, View
    from whyrst.reports.single import single
    from whyrst.reports.svg.ladder import draw

FORMATS = ("text", "ndjson", "json", "csv", "zeek", "ecs", "ocsf", "html")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
PAGE_SCRIPTS = 2
"""The page's own: its data and its program."""
ELEMENTS = frozenset({"svg", "title", "desc", "style", "g", "path", "rect", "text", "tspan", "circle", "line"})
MOST = 3
"""Resets that are drawn."""


def check(data: bytes) -> None:
    """Write all reports of these bytes."""
    path = placed(data, "<img src=x onerror=alert(1)>\x1b[31m")
    view = View(width=100, color=False, detail=2, names=(str(path),))
    for name in FORMATS:
        out = io.BytesIO()
        try:
            formats()[name].write(analyze(path), out, view)
        except CaptureError:
            return
        hold(name, out.getvalue().decode())
    pictures(path, view)


def hold(name: str, text: str) -> None:
    """What must be true of a report."""
    if name == "html":
        assert text.count("<script") == PAGE_SCRIPTS, "a script of the capture's"
        assert "<img" not in text, "an element of the capture's"
        return
    found = CONTROL.search(text.replace("\r\n", "\n") if name == "csv" else text)
    assert found is None, (name, text[max(found.start() - 40, 0) : found.end() + 40])
    if name in {"ndjson", "ecs", "ocsf"}:
        for line in text.splitlines():
            msgspec.json.decode(line)


def pictures(path: object, view: View) -> None:
    """The ladders of some resets."""
    report = analyze(path)  # type: ignore[arg-type]
    chosen = []
    for verdict in report.verdicts:
        chosen.append(verdict)
        if len(chosen) == MOST:
            break
    for key, conversation in collect(chosen, report.reread()).items():
        root = ET.fromstring(draw(conversation))  # noqa: S314  (our own)
        for element in root.iter():
            assert element.tag.rpartition("}")[2] in ELEMENTS, element.tag
            assert not any(one.lower().startswith("on") or "href" in one for one in element.attrib), element.attrib
        verdict = next(one for one in chosen if (one.capture, one.frame) == key)
        out = io.BytesIO()
        single(Page(out, view.width, color=False), verdict, all_causes().get(verdict.cause), conversation, [])
        hold("text", out.getvalue().decode())


if __name__ == "__main__":
    all_causes()
    search(check, captures())
