from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import msgspec
import pytest

from unit.reports.fakes import verdict
from whyrst.model import SCHEMA
from whyrst.schema import json_schema, schema_text

PLAIN = msgspec.json.decode(msgspec.json.encode(verdict()))
ROOT = Path(__file__).resolve().parents[2]


def test_a_verdict_is_valid():
    jsonschema.validate(PLAIN, json_schema(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "change",
    [{"schema": "other/1"}, {"frame": 0}, {"confidence": "sure"}, {"probability": 1.5}, {"evidence": "none"}],
)
def test_what_is_no_verdict_is_not_valid(change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(PLAIN | change, json_schema())


def test_the_schema_is_a_schema_and_says_what_it_is_of():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["title"] == SCHEMA


def test_every_field_is_described():
    said = json_schema()["$defs"]["ConnectionInfo"]["properties"]
    assert all(field.get("description") for field in said.values())


def test_the_file_in_the_documentation_is_up_to_date():
    assert (ROOT / "docs" / "verdict.schema.json").read_text() == schema_text()
    assert json.loads(schema_text()) == json_schema()


def test_the_tool_checks():
    done = subprocess.run([sys.executable, ROOT / "tools" / "make_schema.py", "--check"], check=False)
    assert done.returncode == 0
