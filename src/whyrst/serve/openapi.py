"""The API described as OpenAPI 3.1, made from its table of operations and the verdict's JSON Schema."""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec

from whyrst import __version__
from whyrst.model import Confidence, HarmLevel, Incident, Mechanism, Quality, Verdict
from whyrst.serve.api import OPERATIONS, PREFIX, Operation
from whyrst.serve.store import COLUMNS, MOST

ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
FAR = 1 << 40
PARAMETERS: dict[str, dict[str, Any]] = {
    "number": {"type": "integer", "minimum": 1, "maximum": FAR},
    "first": {"type": "integer", "minimum": 0, "maximum": FAR, "default": 0},
    "limit": {"type": "integer", "minimum": 0, "maximum": MOST, "default": 100},
    "port": {"type": "integer", "minimum": 0, "maximum": 65535},
    "by": {"enum": list(COLUMNS), "default": "cause"},
    "form": {"enum": ["svg", "text"], "default": "svg"},
    "confidence": {"enum": list(get_args(Confidence))},
    "harm": {"enum": list(get_args(HarmLevel))},
    "mechanism": {"enum": list(get_args(Mechanism))},
}
"""Schemas of parameters that are not just any text."""
NUMBERS = frozenset({"number", "frame", "client_port", "server_port"})


def _named(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _schemas() -> dict[str, Any]:
    """Schemas by name: those of the model, and the API's own."""
    _, model = msgspec.json.schema_components((Verdict, Incident, Quality), ref_template="#/components/schemas/{name}")
    row = {name: NUMBER if name in NUMBERS else TEXT for name in COLUMNS}
    capture: dict[str, Any] = {
        "id": TEXT,
        "name": TEXT,
        "labels": {"type": "array", "items": TEXT},
        "uploaded": {"type": "boolean"},
        "size": NUMBER,
        "created": {"type": "number"},
        "state": {"type": "string", "enum": ["queued", "running", "done", "failed", "stopped", "live"]},
        "done": NUMBER,
        "total": {"type": ["integer", "null"]},
        "error": {"type": ["string", "null"]},
        "quality": {"anyOf": [_named("Quality"), {"type": "null"}]},
    }
    own = {
        "Error": ERROR,
        "Capture": {"type": "object", "required": list(capture), "properties": capture},
        "Captures": {"type": "array", "items": _named("Capture")},
        "Incidents": {"type": "array", "items": _named("Incident")},
        "Found": {
            "type": "object", "required": ["total", "verdicts"],
            "properties": {
                "total": NUMBER,
                "verdicts": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": row | {"capture": TEXT, "incident": {"type": ["string", "null"]}},
                    },
                },
            },
        },
        "Counts": {"type": "object", "additionalProperties": NUMBER},
        "Titles": {"type": "object", "additionalProperties": TEXT},
        "Names": {"type": "array", "items": TEXT},
    }  # fmt: skip
    return model | own


def _described(operation: Operation) -> dict[str, Any]:
    """One operation."""
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": PARAMETERS.get(name, TEXT)}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    parameters += [
        {"name": name, "in": "query", "description": says, "schema": PARAMETERS.get(name, TEXT)}
        for name, says in operation.query.items()
    ]
    answer: dict[str, Any] = {"description": operation.says}
    if operation.status != 204:  # noqa: PLR2004 - RFC 9110: No Content
        schema = _named(operation.answer) if operation.answer else {}
        answer["content"] = {kind: {"schema": schema} for kind in operation.gives}
    refused = {"description": "why not", "content": {"application/json": {"schema": _named("Error")}}}
    told: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.says,
        "parameters": parameters,
        "responses": {str(operation.status): answer, "4XX": refused},
    }
    if operation.takes is not None:
        body = operation.body or {"type": "string", "format": "binary", "minLength": 1}
        told["requestBody"] = {"required": True, "content": {operation.takes: {"schema": body}}}
    return told


def document() -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "whyrst", "version": __version__, "description": "Tells why TCP connections were reset."},
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }
