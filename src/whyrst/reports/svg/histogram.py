"""Resets over time as columns, stacked by harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.reports.amounts import HARM_WORDS, clock, count, duration, listing
from whyrst.reports.source import HARMS, WORST_FIRST
from whyrst.reports.svg.markup import ADVANCE, box, document, escape, path, text
from whyrst.reports.svg.palette import css

if TYPE_CHECKING:
    from whyrst.reports.timeline import Timeline

WIDTH, HEIGHT = 1080.0, 150.0
RIGHT, TOP, BOTTOM = 4.0, 14.0, 26.0
WIDEST = 34.0
"""Width of a column when there are few."""


def histogram(timeline: Timeline, iso: dict[int, str], *, alone: bool = True) -> str:
    """Draw the columns.

    Args:
        timeline: what to draw.
        iso: start of each column and of the one behind the last, as ISO 8601.
        alone: with its style sheet.
    """
    columns = timeline.columns
    first, last = min(columns), max(columns)
    most = max(int(counts.sum()) for counts in columns.values())
    left = len(f"{most:,}") * ADVANCE + 12
    step = min((WIDTH - left - RIGHT) / (last - first + 1), WIDEST)
    high = HEIGHT - TOP - BOTTOM
    span = duration(timeline.width / 1e9)
    body = [
        path([(left, TOP), (WIDTH - RIGHT, TOP)], "line axis"),
        path([(left, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM)], "line axis"),
        text(left - 8, TOP + 4, f"{most:,}", "muted end"),
        text(left - 8, HEIGHT - BOTTOM + 4, "0", "muted end"),
    ]
    for at, counts in sorted(columns.items()):
        x, y = left + (at - first) * step, HEIGHT - BOTTOM
        bars = []
        told = []
        for level in WORST_FIRST:
            number = int(counts[HARMS.index(level)])
            if number:
                tall = max(high * number / most, 0.5)
                y -= tall
                bars.append(box(x, y, max(step - 1, 0.8), tall, f"harm-{level}"))
                told.append(f"{number:,} {HARM_WORDS[level]}")
        title = f"<title>{escape(clock(iso[at]))}, {span}: {escape(listing(told))}</title>"
        body.append(f"<g>{title}{''.join(bars)}</g>")
    body.append(text(left, HEIGHT - 8, clock(iso[first]), "muted"))
    if last - first > 1:
        body.append(text(WIDTH - RIGHT, HEIGHT - 8, clock(iso[last + 1]), "muted end"))
    total = sum(int(counts.sum()) for counts in columns.values())
    says = f"{count(total, 'reset')} in columns of {span}, at most {most:,} in one."
    return document(WIDTH, HEIGHT, "Resets over time", says, body, css() if alone else "")
