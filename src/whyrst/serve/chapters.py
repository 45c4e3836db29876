"""The manual of a cause cut into pieces that a page can show."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Literal, NamedTuple

from whyrst.reports.manual import find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whyrst.causes import Cause


class Piece(NamedTuple):
    """A part of a manual.

    Attributes:
        kind: what it is.
        lines: of an example as they stand; otherwise one for each heading, paragraph or item of a list.
    """

    kind: Literal["heading", "text", "list", "example"]
    lines: list[str]


def pieces(manual: str) -> list[Piece]:
    """The pieces of a manual, in their order."""
    found: list[Piece] = []
    for block in re.split(r"\n\s*\n", dedent(manual).strip()):
        lines = block.splitlines()
        if lines and lines[0].startswith("#"):
            found.append(Piece("heading", [lines.pop(0).lstrip("# ")]))
        if not lines:
            continue
        if lines[0].startswith("    "):
            found.append(Piece("example", dedent(block).splitlines()))
        else:
            found += _prose(lines)
    return found


def _prose(lines: list[str]) -> list[Piece]:
    """Paragraphs and lists; a line that begins no item goes on with the one before."""
    found: list[Piece] = []
    for line in lines:
        text = line.strip()
        if text.startswith(("- ", "* ")):
            if not found or found[-1].kind != "list":
                found.append(Piece("list", []))
            found[-1].lines.append(text[2:])
        elif found:
            found[-1].lines[-1] += f" {text}"
        else:
            found.append(Piece("text", [text]))
    return found


def search(causes: Mapping[str, Cause], wanted: str) -> list[Cause]:
    """Causes by a name that people meet (id, reason, counter, RFC, function), else by every word of what was typed."""
    if not wanted:
        return list(causes.values())
    if found := find(causes, wanted):
        return found
    words = wanted.lower().split()
    return [one for one in causes.values() if all(word in _said(one) for word in words)]


def _said(cause: Cause) -> str:
    """Everything about it, in lower case."""
    return " ".join((cause.id, cause.title, cause.fix, cause.manual, *cause.kernel, *cause.reasons)).lower()
