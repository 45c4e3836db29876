"""Answers as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from whyrst.reports.amounts import count
from whyrst.reports.page import Page
from whyrst.reports.printable import printable
from whyrst.resets.text import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.fleet.questions.query import Answer
    from whyrst.fleet.questions.top import Top

NOTHING = "-"
"""What stands where a verdict has no value."""

LONGEST = 1 << 20
"""Columns of a line."""

CELL = 60
"""Columns of a value in the answer to SQL."""


def page(out: BinaryIO, *, color: bool) -> Page:
    """A page whose lines are never cut: the keys stand last, and a part of them would be another key."""
    return Page(out, LONGEST, color=color)


def top(page: Page, answer: Top) -> None:
    """What was reset most."""
    page.line(("bold", title(answer.resets, answer.first, answer.last)))
    if not answer.rows:
        return
    page.blank()
    rows = [
        [
            f"{row.resets:,}", f"{row.resets / answer.resets:.1%}", f"{row.connections:,}", f"{row.harmful:,}",
            minute(row.last), *map(text, row.key),
        ]
        for row in answer.rows
    ]  # fmt: skip
    table(page, ["resets", "share", "connections", "harmful", "last", *answer.by], rows, right=4)
    if answer.keys > len(rows):
        rest = answer.resets - sum(row.resets for row in answer.rows)
        page.line(f"and {count(answer.keys - len(rows), 'more key')} with {count(rest, 'reset')}")


def query(page: Page, answer: Answer) -> None:
    """Rows of SQL."""
    rows = [[_cut(text(value)) for value in row] for row in answer.rows]
    table(page, [_cut(name) for name in answer.columns], rows, right=0)


def table(page: Page, head: Sequence[str], rows: Sequence[Sequence[str]], right: int) -> None:
    """Columns side by side, the first `right` of them with their ends in line; the last may be of any width."""
    cells = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    for number, row in enumerate(cells):
        put = [
            cell.rjust(width) if place < right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        page.line(("dim" if number == 0 else "", "  " + "  ".join(put).rstrip()))


def title(resets: int, first: int | None, last: int | None) -> str:
    """How many resets in which time."""
    if first is None or last is None:
        return "No TCP resets"
    return f"{count(resets, 'TCP reset')} from {minute(first)} to {minute(last)}"


def minute(time: int) -> str:
    """A time, nanoseconds since 1970, cut to its minute."""
    return f"{iso(time)[:16].replace('T', ' ')}Z"


def text(value: str | None) -> str:
    """A value, or what stands for none."""
    return NOTHING if value is None else value


def _cut(value: str) -> str:
    shown = printable(value)
    return shown if len(shown) <= CELL else f"{shown[: CELL - 3]}..."
