"""The verdicts as compact JSON for the page's script: each text once, rows of numbers.

Ten thousand verdicts say much the same; as one list of texts and rows that count in it they take a tenth of the room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from whyrst.reports.amounts import HARM_WORDS
from whyrst.reports.html.fields import fields
from whyrst.reports.printable import printable
from whyrst.reports.source import CONFIDENCES, WORST_FIRST
from whyrst.reports.steps import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whyrst.causes import Cause
    from whyrst.model import Incident, Verdict
    from whyrst.reports.html.fields import Item

MARKS = ("", "+", "-", "?")
"""How a fact speaks; an item's second number counts in it."""

_ESCAPED = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}
"""What could end the element that holds the JSON, or mean something to a page."""


class Texts:
    """Texts by number, each once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """The number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    def all(self) -> list[str]:
        """The texts, fit to be shown."""
        return [printable(text) for text in self._numbers]


def data(
    verdicts: Sequence[Verdict],
    causes: Mapping[str, Cause],
    incidents: Sequence[Incident],
    drawn: Mapping[tuple[str, int], int],
    names: tuple[str, ...],
) -> str:
    """The JSON, safe inside a `script` element.

    Args:
        verdicts: rows, in this order.
        causes: for their titles.
        incidents: those that can be chosen.
        drawn: number of the ladder of a reset, by capture and frame.
        names: the captures as the user named them.
    """
    texts = Texts()
    rows = [_row(one, causes.get(one.cause), texts, drawn.get((one.capture, one.frame), -1), names) for one in verdicts]
    whole = {
        "rows": rows,
        "confidences": CONFIDENCES,
        "harms": [[level, HARM_WORDS[level]] for level in WORST_FIRST],
        "incidents": [[texts(one.id), texts(one.title)] for one in incidents],
        "captures": len({one.capture for one in verdicts}),
        "texts": texts.all(),
    }
    return msgspec.json.encode(whole).decode().translate(_ESCAPED)


def _row(verdict: Verdict, cause: Cause | None, texts: Texts, drawn: int, names: tuple[str, ...]) -> list[Any]:
    """The cells of one row; the script names them."""
    connection = verdict.connection
    told = [[texts(field.label), [_item(one, texts) for one in field.items]] for field in fields(verdict, cause, names)]
    return [
        verdict.frame,
        nanoseconds(verdict.time) // 1000 / 1000,
        texts(verdict.cause),
        CONFIDENCES.index(verdict.confidence),
        round(verdict.probability * 100),
        WORST_FIRST.index(verdict.harm.level),
        int(verdict.reset.sender == "server"),
        texts(connection.client),
        texts(connection.server),
        texts(connection.name or ""),
        texts(verdict.capture),
        texts(verdict.incident or ""),
        drawn,
        told,
    ]


def _item(item: Item, texts: Texts) -> int | list[int]:
    """A text, or a text with how it speaks and its mark in the ladder."""
    says = texts(item.says)
    return [says, MARKS.index(item.mark), item.number] if item.mark or item.number else says
