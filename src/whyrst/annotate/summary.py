"""The comment of the section header: what was found in the whole capture, for the file's properties in Wireshark."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from whyrst.reports.amounts import HARM_WORDS, count, listing
from whyrst.reports.printable import printable
from whyrst.reports.source import WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.model import HarmLevel, Incident, Quality, Verdict

DISPLAY_FILTER = 'frame.comment contains "whyrst"'
"""Finds the packets that whyrst commented."""

INCIDENTS = 20
"""Incidents that are named; the most harmful come first."""


class Summary:
    """Counts verdicts by cause."""

    def __init__(self) -> None:
        self._causes: Counter[str] = Counter()
        self._harms: dict[str, HarmLevel] = {}

    def add(self, verdict: Verdict) -> None:
        """Count one."""
        self._causes[verdict.cause] += 1
        levels = (self._harms.get(verdict.cause, "none"), verdict.harm.level)
        self._harms[verdict.cause] = min(levels, key=WORST_FIRST.index)

    def text(self, quality: Quality, incidents: Sequence[Incident], expression: str | None) -> str:
        """All of it as lines.

        Args:
            quality: of the capture.
            incidents: of the capture, the most harmful first.
            expression: the filter that chose the packets to judge, if one did.
        """
        from importlib.metadata import version

        resets, packets = count(self._causes.total(), "TCP reset"), count(quality.packets, "packet")
        lines = [f"whyrst {version('whyrst')}: {resets} in {packets}"]
        if expression is not None:
            lines.append(f"only packets that this filter takes were judged: {expression}")
        order = sorted(self._causes.items(), key=lambda one: (WORST_FIRST.index(self._harms[one[0]]), -one[1], one[0]))
        lines += [f"{number:,} x {cause} ({HARM_WORDS[self._harms[cause]]})" for cause, number in order]
        lines += [f"incident {one.id}: {one.title}: {count(one.resets, 'reset')}" for one in incidents[:INCIDENTS]]
        if len(incidents) > INCIDENTS:
            lines.append(f"and {count(len(incidents) - INCIDENTS, 'more incident')}")
        if quality.damage:
            places = [f"byte {one.offset}: {one.reason}" for one in quality.damage]
            lines.append(f"the capture is damaged, {listing(places, 3)}")
        if self._causes:
            lines.append(f"to see the packets in question, filter by: {DISPLAY_FILTER}")
        return "\n".join(map(printable, lines))
