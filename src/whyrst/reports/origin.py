"""Where a reset was made, in words: for reports of captures taken at several places."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whyrst.reports.amounts import clock

if TYPE_CHECKING:
    from whyrst.model import Origin, Sight


def origin_lines(origin: Origin) -> list[str]:
    """Where it was made and how that is known, then what each place shows of it."""
    return [f"{made(origin)}: {origin.says}", *(_seen(sight, origin) for sight in origin.sights)]


def made(origin: Origin) -> str:
    """Where it was made."""
    likely = "" if origin.certain else "likely "
    lost = f", dropped between {_both(origin, origin.lost_between)}" if origin.lost_between else ""
    if origin.kind == "end":
        return f"{likely}made at the {origin.places[0]}{lost}"
    if origin.kind == "between":
        return f"{likely}made between {_both(origin, origin.places)}{lost}"
    return f"the captures do not tell where it was made{lost}"


def _both(origin: Origin, places: tuple[str, ...]) -> str:
    """Two places: a capture by its name, an end without a capture by what it is."""
    names = {sight.place: os.path.basename(sight.capture) for sight in origin.sights}  # noqa: PTH119 - may be no UTF-8
    return " and ".join(names.get(place) or f"the {place}" for place in places)


def _seen(sight: Sight, origin: Origin) -> str:
    if sight.seen is None:
        return f"{sight.place}: cannot tell"
    if not sight.seen:
        return f"{sight.place}: not there"
    said = [f"{sight.place}: frame {sight.frame}"]
    if sight.time is not None:
        said.append(clock(sight.time))
    ends = {(one.source, one.destination) for one in origin.sights if one.seen}
    if len(ends) > 1:
        said.append(f"{sight.source} > {sight.destination}")
    said += [f"TTL {sight.ttl}", f"window {sight.window}"]
    if sight.ip_id is not None:
        said.append(f"IP ID {sight.ip_id}")
    return ", ".join(said)
