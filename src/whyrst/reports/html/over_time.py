"""The page's picture of resets over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.reports.html.markup import tag
from whyrst.reports.html.parts import section
from whyrst.reports.svg.histogram import histogram
from whyrst.resets.text import iso

if TYPE_CHECKING:
    from whyrst.reports.timeline import Timeline


def over_time(timeline: Timeline) -> str:
    """The columns; nothing without resets."""
    if not timeline.columns:
        return ""
    starts = {at: iso(at * timeline.width) for one in timeline.columns for at in (one, one + 1)}
    return section("time", "Over time", tag("figure", histogram(timeline, starts, alone=False), class_="wide"))
