"""The JSON Schema of what whyrst writes, made from the types in `model`.

A line of NDJSON is a `Verdict`; the one document of `--format json` is a `Summary`, which stands in the same
schema under `$defs`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from whyrst.model import SCHEMA, Summary, Verdict

SUMMARY = "whyrst.summary/1"
"""Format of the one document."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of one verdict, with all other types under `$defs`."""
    (verdict, _), parts = msgspec.json.schema_components((Verdict, Summary), ref_template="#/$defs/{name}")
    parts["Verdict"]["properties"]["schema"]["const"] = SCHEMA
    parts["Summary"]["properties"]["schema"]["const"] = SUMMARY
    whole = {"$schema": _DIALECT, "title": SCHEMA, **verdict, "$defs": dict(sorted(parts.items()))}
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain


def schema_text() -> str:
    """The schema as the file in the documentation holds it."""
    return msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode() + "\n"
