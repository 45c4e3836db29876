from __future__ import annotations

import json
from io import BytesIO

import jsonschema
import msgspec
import pytest

from unit.reports.fakes import INCIDENT, Fake, quality, verdict
from whyrst.model import Damage, Summary, Verdict
from whyrst.reports import document, format_named, formats, ndjson
from whyrst.reports.page import View
from whyrst.schema import json_schema

VERDICTS = [verdict(n, declared="bad\x1b\x7f\x9bname ä") for n in range(1, 4)]


def written(form, source) -> bytes:
    out = BytesIO()
    form.write(source, out, View())
    return out.getvalue()


def test_formats_are_found():
    names = {"csv", "ecs", "html", "json", "ndjson", "ocsf", "parquet", "text", "zeek"}
    assert names <= set(formats())
    assert all(callable(form.write) for form in formats().values())


def test_a_format_is_found_by_its_name():
    assert all(format_named(name) is form for name, form in formats().items())
    for other in ("card", "nothing", "../text"):
        with pytest.raises(KeyError):
            format_named(other)


def test_ndjson_is_one_valid_verdict_per_line():
    shown = written(ndjson, Fake(VERDICTS[:2], [], VERDICTS[2:]))
    lines = shown.splitlines()
    assert len(lines) == 3
    for line, original in zip(lines, VERDICTS, strict=True):
        jsonschema.validate(json.loads(line), json_schema(), jsonschema.Draft202012Validator)
        assert msgspec.json.decode(line, type=Verdict) == original
    assert shown.decode().replace("\n", "").isprintable()


def test_ndjson_of_nothing_is_nothing():
    assert written(ndjson, Fake([])) == b""


@pytest.mark.parametrize("batches", [[], [[]], [VERDICTS[:1]], [VERDICTS[:2], VERDICTS[2:]]])
def test_the_document_is_valid(batches):
    known = quality(damage=(Damage("shop\x9b.pcap", 47, "cut"),))
    shown = written(document, Fake(*batches, incidents=(INCIDENT,), known=known))
    made = json.loads(shown)
    jsonschema.validate(made, json_schema() | {"$ref": "#/$defs/Summary"}, jsonschema.Draft202012Validator)
    summary = msgspec.json.decode(shown, type=Summary)
    assert summary.verdicts == tuple(one for batch in batches for one in batch)
    assert summary.incidents == (INCIDENT,)
    assert summary.quality == known


class Counting(BytesIO):
    """Remembers the largest piece that was written."""

    largest = 0

    def write(self, data) -> int:
        self.largest = max(self.largest, len(data))
        return super().write(data)


@pytest.mark.parametrize("form", [ndjson, document])
def test_verdicts_are_written_as_they_come(form):
    out = Counting()
    form.write(Fake([verdict(n) for n in range(1, 5000)]), out, View())
    assert out.largest < len(out.getvalue()) / 4
