"""The page about verdicts: one table of fields for each type of the model."""

from __future__ import annotations

from typing import Any

import msgspec

from whyrst.model import SCHEMA, Summary, Verdict

REF = "#/$defs/{name}"
START = f"""# Verdicts

`whyrst analyze --format ndjson` writes one verdict per line, `--format json` one document of type Summary. Names are
stable; the format of a verdict is `{SCHEMA}`. The same as JSON Schema: [verdict.schema.json](verdict.schema.json).
"""


def verdict_page() -> str:
    """The page: Summary and Verdict first, then the types they are made of."""
    _, types = msgspec.json.schema_components((Verdict, Summary), ref_template=REF)
    order = ["Verdict", "Summary", *sorted(set(types) - {"Verdict", "Summary"})]
    return "\n".join([START, *(line for name in order for line in _section(name, types[name]))])


def _section(name: str, schema: dict[str, Any]) -> list[str]:
    """Heading and field table of one type."""
    lines = [f"## {name}", "", schema.get("description", ""), "", "| field | type | meaning |", "|---|---|---|"]
    for field, one in schema["properties"].items():
        needed = "" if field in schema.get("required", ()) else " (may be absent)"
        lines.append(f"| `{field}` | {_type(one)} | {_cell(_meaning(one))}{needed} |")
    return [*lines, ""]


def _meaning(schema: dict[str, Any]) -> str:
    """What a field's description says; that of a choice stands at one of its parts."""
    parts = schema.get("anyOf", ())
    return schema.get("description") or next((part["description"] for part in parts if "description" in part), "")


def _type(schema: dict[str, Any]) -> str:
    """The type of a field in words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{_cell(str(value))}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if schema.get("items") else "list"
    if schema.get("type") == "object":
        more = schema.get("additionalProperties")
        return f"object of {_type(more)}" if isinstance(more, dict) else "object"
    return str(schema.get("type", "any"))


def _cell(text: str) -> str:
    """Text that may stand in a table."""
    return text.replace("|", "\\|")
