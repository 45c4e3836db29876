"""A page of text: lines that keep to a width, with colour only where it is wanted.

Layout is done on plain text; colour is added when a line is written, so that it never changes where a line
breaks. Everything written passes `printable`.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from whyrst.reports.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

STYLES = {
    "": "",
    "bold": "1",
    "dim": "2",
    "label": "36",
    "good": "32",
    "data-lost": "1;31",
    "aborted": "31",
    "refused": "33",
    "unknown": "35",
    "none": "32",
    "warn": "33",
}
"""SGR codes (ECMA-48 section 8.3.117). Harm has one colour each; the word always stands beside it."""

LABEL = 11
"""Column at which the text of a labelled field starts."""

Span = str | tuple[str, str]
"""Plain text, or a style and text."""


@dataclass(frozen=True)
class View:
    """How to show a report."""

    width: int = 80
    color: bool = False
    detail: int = 0
    """-1 one line per reset, 0 the report, 1 all evidence, 2 the causes ruled out as well."""
    names: tuple[str, ...] = ()
    """The captures as the user named them, for commands that the report suggests."""


class Page:
    """Writes lines of at most `width` columns to a byte stream."""

    def __init__(self, out: BinaryIO, width: int = 80, *, color: bool = False) -> None:
        self.width = width
        self._out = out
        self._color = color

    def line(self, *spans: Span) -> None:
        """One line; what does not fit is cut and marked with dots."""
        room = self.width
        pieces = [("", span) if isinstance(span, str) else span for span in spans]
        pieces = [(style, printable(text)) for style, text in pieces]
        if sum(len(text) for _, text in pieces) > room:
            room -= 3
            pieces.append(("", "..."))
            cut = []
            for style, text in pieces[:-1]:
                cut.append((style, text[:room]))
                room -= len(cut[-1][1])
            pieces = [*cut, pieces[-1]]
        self._write("".join(self._paint(style, text) for style, text in pieces))

    def text(self, text: str, *, indent: int = 0, style: str = "", first: str = "") -> None:
        """A paragraph, wrapped; `first` stands before it on the first line, within the indent."""
        lines = textwrap.wrap(printable(text), self.width - indent, break_on_hyphens=False, break_long_words=True)
        for number, line in enumerate(lines or [""]):
            lead = first.ljust(indent) if number == 0 else " " * indent
            self._write(self._paint("label", lead) + self._paint(style, line))

    def field(self, label: str, texts: str | Iterable[str], style: str = "") -> None:
        """A label and beside it one or more paragraphs."""
        for number, text in enumerate([texts] if isinstance(texts, str) else texts):
            self.text(text, indent=LABEL, style=style, first=f"  {label}" if number == 0 else "")

    def title(self, text: str) -> None:
        """A heading with an empty line before it."""
        self._write("")
        self.line(("bold", text))

    def blank(self) -> None:
        """An empty line."""
        self._write("")

    def _paint(self, style: str, text: str) -> str:
        code = STYLES[style]
        return f"\x1b[{code}m{text}\x1b[0m" if self._color and code and text.strip() else text

    def _write(self, line: str) -> None:
        self._out.write(line.rstrip().encode("utf-8", "backslashreplace") + b"\n")
