"""Small archives: written by the program from real captures, or by its writer from verdicts of a test's own."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import msgspec

from unit.fleet.archives import analyzed
from unit.reports.fakes import quality, verdict
from whyrst.analysis import analyze
from whyrst.fleet.questions.shown import page
from whyrst.fleet.tables import Tables, quality_row, verdict_row
from whyrst.reports.steps import nanoseconds
from whyrst.resets.text import iso

ROOT = Path(__file__).parents[4]
CAPTURES = {
    "web/front": ROOT / "examples" / "resets.pcap",
    "db=1 %2F": ROOT / "tests" / "cases" / "port-closed-v6" / "capture.pcap",
    "ä*[x]?'": ROOT / "tests" / "cases" / "port-scan" / "capture.pcap",
    "\u202eevil\x1b[31m": ROOT / "tests" / "cases" / "lab-tls-rejected" / "capture.pcap",
    "told": ROOT / "tests" / "cases" / "proxy-policy-text" / "capture.pcap",
}
NOON = nanoseconds("2026-11-20T12:00:00Z")
HOUR = 3_600_000_000_000
DAY = 24 * HOUR


def real_archive(folder):
    """An archive of real captures at points with odd names, and its verdicts, each a JSON object with its point."""
    verdicts = []
    for point, capture in CAPTURES.items():
        place = folder / "captures" / point
        place.mkdir(parents=True)
        shutil.copy(capture, place / "capture.pcap")
        found = analyze([place / "capture.pcap"]).verdicts
        verdicts += [{**json.loads(msgspec.json.encode(one)), "point": point} for one in found]
    analyzed(folder / "captures", folder / "out")
    return str(folder / "out"), verdicts


def at(time, number=0, **more):
    """A verdict at a time, of a connection of its own."""
    made = verdict(client=more.pop("client", f"10.0.0.9:{1024 + number}"), **more)
    begin = msgspec.structs.replace(made.connection, start=iso(time - 1), id=f"{number}-{time}")
    return msgspec.structs.replace(made, time=iso(time), connection=begin)


def written(out, **points):
    """An archive of these verdicts by capture point, and of captures that lasted from one time to another."""
    with ExitStack() as stack:
        for point, (verdicts, captured) in points.items():
            tables = stack.enter_context(Tables(str(out), point))
            for one in verdicts:
                tables.add("verdicts", verdict_row(one))
            for start, end in captured:
                tables.add("quality", quality_row(quality(start=iso(start), end=iso(end))))
            tables.publish()
    return str(out)


def text(show, answer):
    """What is shown of an answer."""
    out = BytesIO()
    show(page(out, color=False), answer)
    return out.getvalue().decode()
