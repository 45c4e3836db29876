"""The way of one segment across the lines of a ladder: level with one place of capture, sloped by time with several."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from whyrst.reports.svg.markup import number, path, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.reports.ladder import Step
    from whyrst.reports.svg.scale import Scale

HEAD = 8.0
"""Length of an arrow's head."""

Point = tuple[float, float]

Sign = Literal["", "not there", "cannot tell"]
"""What the next line says about a segment that it does not show."""


@dataclass(frozen=True, slots=True)
class Line:
    """A vertical line of a ladder: an end, or a place on the way where a capture was taken. From client to server."""

    title: str
    subtitle: str = ""
    """Its address, or the name of the capture."""
    place: int | None = None
    """Which time of `Step.seen` is its own; none for an end without a capture of its own."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a segment is drawn."""

    points: list[Point]
    begins: Sign = ""
    """How it begins: at its sender's line, or between two lines, since the one nearer to the sender did not see it."""
    ends: Sign = ""
    """How it ends, likewise."""


def way(step: Step, lines: Sequence[Line], places: Sequence[float], level: float, scale: Scale) -> Way:
    """Follow a segment over the lines; an end without a capture of its own is level with its neighbour.

    Args:
        step: the segment.
        lines: from client to server.
        places: their horizontal positions.
        level: the height of its row.
        scale: gives the heights of its other times.
    """
    order = list(range(len(lines)) if step.side == 0 else range(len(lines) - 1, -1, -1))
    asked = [at for at in order if lines[at].place is not None] if step.seen else []
    heights = {at: _height(step.seen[lines[at].place or 0], step, level, scale) for at in asked}
    seen = [at for at in asked if heights[at] is not None]
    if not seen:
        return Way([(places[order[0]], level), (places[order[-1]], level)])
    first, last = asked.index(seen[0]), asked.index(seen[-1])
    points = [(places[at], heights[at] or level) for at in seen]
    before, after = (asked[first - 1] if first else None), (asked[last + 1] if asked[last + 1 :] else None)
    start = places[order[0]] if before is None else (places[before] + points[0][0]) / 2
    end = places[order[-1]] if after is None else (places[after] + points[-1][0]) / 2
    points = [(start, points[0][1]), *points, (end, points[-1][1])]
    signs = ("" if at is None else _unseen(step, lines[at].place or 0) for at in (before, after))
    return Way([point for point, _ in groupby(points)], *signs)


def _unseen(step: Step, place: int) -> Sign:
    return "cannot tell" if any(step.unsure[place : place + 1]) else "not there"


def arrow(drawn: Way) -> str:
    """The shaft with its head, and what stands where it begins or ends between two lines."""
    (x0, y0), (x1, y1) = drawn.points[-2:]
    begin, _ = drawn.points[0]
    if drawn.begins == "not there":
        origin = f'<circle class="head" cx="{number(begin)}" cy="{number(drawn.points[0][1])}" r="4.5"/>'
    else:
        origin = _asking(*drawn.points[0]) if drawn.begins else ""
    if drawn.ends:
        strokes = ([(x1 - 5, y1 - tilt), (x1 + 5, y1 + tilt)] for tilt in (5, -5))
        cross = "".join(path(stroke, "cross") for stroke in strokes)
        return path(drawn.points, "arrow") + origin + (cross if drawn.ends == "not there" else _asking(x1, y1))
    length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1.0)
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    base = (x1 - HEAD * dx, y1 - HEAD * dy)
    wings = [(base[0] - side * dy * HEAD / 2.4, base[1] + side * dx * HEAD / 2.4) for side in (1, -1)]
    corners = "L".join(f"{number(x)} {number(y)}" for x, y in (drawn.points[-1], *wings))
    return path([*drawn.points[:-1], base], "arrow") + f'<path class="head" d="M{corners}z"/>' + origin


def _asking(x: float, y: float) -> str:
    """A question mark: the next capture cannot tell."""
    return f'<circle class="ground" cx="{number(x)}" cy="{number(y)}" r="7"/>' + text(x, y + 4, "?", "note flags mid")


def _height(time: int | None, step: Step, level: float, scale: Scale) -> float | None:
    """The height of a time; the row's own for the time that the row stands for."""
    if time is None or time == step.time:
        return None if time is None else level
    return max(scale.height(time), level)
