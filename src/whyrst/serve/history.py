"""Resets over time as the picture of the HTML report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from markupsafe import Markup

from whyrst.reports.source import HARMS
from whyrst.reports.steps import nanoseconds
from whyrst.reports.svg.histogram import histogram
from whyrst.reports.timeline import Timeline
from whyrst.resets.text import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

CODES: dict[str, int] = {level: code for code, level in enumerate(HARMS)}


class _Batch(NamedTuple):
    """What a timeline counts."""

    time: np.ndarray[Any, np.dtype[np.int64]]
    harm: np.ndarray[Any, np.dtype[np.int64]]


def over_time(resets: Iterable[tuple[str, str]]) -> Markup:
    """The columns, as markup; nothing without resets.

    Args:
        resets: time (ISO 8601) and harm of each.
    """
    pairs = [(nanoseconds(time), CODES[harm]) for time, harm in resets]
    if not pairs:
        return Markup()
    timeline = Timeline()
    times, harms = np.array(pairs, dtype=np.int64).T
    batch: Any = _Batch(times, harms)  # nothing else of judged resets is counted
    timeline.add(batch)
    starts = {at: iso(at * timeline.width) for one in timeline.columns for at in (one, one + 1)}
    return Markup(histogram(timeline, starts, alone=False))  # noqa: S704 - it escapes what it is given
