"""Chooses the compiled loops, or the plain ones when they are missing or `WHYRST_PURE` is set.

Import the loops from here: `from whyrst.fast.select import headers`.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from whyrst.fast.constants import EDITION

if TYPE_CHECKING:
    from whyrst.fast import bpf, headers, lookup, payload, records, survey, tracker


def _load(name: str) -> Any:
    if not os.environ.get("WHYRST_PURE"):
        try:
            return import_module(f"whyrst.fast.compiled.{name}")
        except ModuleNotFoundError:
            pass
    return import_module(f"whyrst.fast.{name}")


if not TYPE_CHECKING:
    bpf = _load("bpf")
    headers = _load("headers")
    lookup = _load("lookup")
    payload = _load("payload")
    records = _load("records")
    survey = _load("survey")
    tracker = _load("tracker")
    if tracker.edition() != EDITION:
        raise ImportError("the compiled loops are of another edition of fast/tables.py: compile them again")

COMPILED: bool = "compiled" in headers.__name__
"""Whether the compiled loops are in use."""

__all__ = ["COMPILED", "bpf", "headers", "lookup", "payload", "records", "survey", "tracker"]
