"""What stands above a comparison's report: the places, their clocks, and what was found in common."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whyrst.reports.amounts import count, listing

if TYPE_CHECKING:
    from whyrst.compare.comparison import Comparison
    from whyrst.compare.place import Place
    from whyrst.reports.page import Page

UNITS = ((3_600_000_000_000, "h"), (60_000_000_000, "min"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"))


def places(page: Page, comparison: Comparison) -> None:
    """Write where the captures were taken, from the client to the server, and how their clocks differ."""
    page.line(("bold", f"{count(len(comparison.places), 'capture')} compared, from the client to the server"))
    names = _short([place.capture for place in comparison.places])
    for place in comparison.places:
        page.field(place.place, f"{names[place.capture]}: {_clock(place, reference=comparison.reference)}")
    words = [f"{number:,} {name}" for name, number in comparison.kinds.items() if number]
    page.field("shared", f"connections in two captures: {listing(words)}" if words else "no connection")
    if comparison.untraced:
        page.field("untraced", f"{comparison.untraced:,} resets, each judged from one capture: too many to trace all")
    page.blank()


def _short(captures: list[str]) -> dict[str, str]:
    """Captures by their file names, as long as these differ."""
    names = [os.path.basename(capture) for capture in captures]  # noqa: PTH119 - names may be no UTF-8
    return dict(zip(captures, names if len(set(names)) == len(names) else captures, strict=True))


def _clock(place: Place, *, reference: str) -> str:
    if place.capture == reference:
        return "times are those of this clock"
    if place.offset is None:
        return "nothing ties its clock to the others, or it was set meanwhile"
    behind = "behind" if place.offset > 0 else "ahead"
    off = f"clock {_span(abs(place.offset))} {behind}" if place.offset else "clock equal"
    doubt = (
        f", known to {_span(place.uncertainty)}"
        if place.uncertainty is not None
        else ", bounded from one side only: one direction was captured"
    )
    drift = f", drifts by {abs(place.drift):.1f} us a second" if abs(place.drift) >= 0.05 else ""  # noqa: PLR2004
    return off + doubt + drift


def _span(nanoseconds: int) -> str:
    for unit, name in UNITS:
        if nanoseconds >= unit:
            return f"{nanoseconds / unit:.4g} {name}"
    return f"{nanoseconds} ns"
