"""What a process may call itself, and what else comes with a kernel event: no report lets it act."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from unit.trace.events import aborted, numbers
from whyrst.analysis import analyze
from whyrst.kernel.event import Task
from whyrst.reports import formats
from whyrst.reports.page import View

CASE = Path(__file__).parents[2] / "cases" / "linger-zero" / "capture.pcap"
EVIL = "=\x1b]0;x\x07<img src=x>\u202e\n\t+1"
ACTS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
TEXTS = sorted(name for name, form in formats().items() if not getattr(form, "BINARY", False))


def event():
    """The kernel's account of the case's first reset, in which all names are hostile."""
    reset = next(iter(analyze(CASE).verdicts)).reset
    return aborted(
        reset.source, reset.destination, comm=EVIL, container=EVIL, owner=Task(3, EVIL), kernel=EVIL,
        user_stack=(EVIL,), stack=("tcp_disconnect", EVIL), numbers=numbers(snd_nxt=reset.seq),
    )  # fmt: skip


def written(name, detail):
    out = io.BytesIO()
    view = View(width=100, color=False, detail=detail, names=(str(CASE),))
    formats()[name].write(analyze(CASE, events=[event()]), out, view)
    return out.getvalue().decode()


def test_the_event_joins():
    assert next(iter(analyze(CASE, events=[event()]).verdicts)).kernel.process.comm == EVIL


@pytest.mark.parametrize("detail", [-1, 0, 2])
@pytest.mark.parametrize("name", TEXTS)
def test_no_character_acts(name, detail):
    text = written(name, detail)
    assert not ACTS.search(text)
    if name == "html":
        assert "<img" not in text


def test_no_cell_is_a_formula():
    cells = [cell for row in csv.reader(io.StringIO(written("csv", 0))) for cell in row]
    assert any("img src" in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} and not cell[1:2].isdigit()]
