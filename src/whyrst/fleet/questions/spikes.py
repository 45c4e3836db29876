"""Spikes: buckets with far more resets than the same key had before.

A bucket is held against the median of the earlier buckets in which the key's capture points were watched, and against
their median absolute deviation (MAD), neither of which a few earlier spikes can move. Where a day has several buckets
and enough days are known, it is held against the same time of earlier days as well, so that a busy hour of every day is
no spike. Counts of independent events scatter by the root of their mean, so no deviation is taken to be less.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from whyrst.fleet.questions.period import UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.fleet.questions.buckets import Buckets
    from whyrst.fleet.questions.keys import Key
    from whyrst.fleet.questions.series import Series

FEWEST = 10
"""Resets of a bucket below which it is no spike."""

HISTORY = 8
"""Earlier buckets that are needed."""

LONGEST = 400
"""Earlier buckets that are looked at."""

DAYS = 4
"""Earlier days that are needed to know what is usual at a time of day."""

DEVIATIONS = 5
"""How many standard deviations above the median a spike begins."""

NORMAL = 1.4826
"""Standard deviations per MAD, of normally distributed values."""


@dataclass(frozen=True)
class Spike:
    """Buckets in a row that are spikes.

    Attributes:
        by: what the key is one of; nothing for all resets.
        key: whose.
        first: number of the first bucket.
        last: number of the last one.
        peak: resets of the highest.
        median: of the buckets before the first.
        deviation: their MAD.
        limit: resets from which the first was a spike.
        earlier: how many buckets were before it.
        usual: the limit comes from the same time of earlier days.
    """

    by: tuple[str, ...]
    key: Key
    first: int
    last: int
    peak: int
    median: float
    deviation: float
    limit: float
    earlier: int
    usual: bool


@dataclass(frozen=True)
class Base:
    """What a bucket is held against."""

    median: float
    deviation: float
    limit: float
    earlier: int
    usual: bool = False


def spikes(by: tuple[str, ...], found: Sequence[Series], buckets: Buckets) -> list[Spike]:
    """The spikes of some series."""
    return [spike for one in found for spike in _of(by, one, buckets)]


def too_short(buckets: Buckets) -> int | None:
    """How many buckets were watched, if these are too few to tell spikes."""
    watched = len(buckets.watched_at(buckets.watched))
    return watched if watched <= HISTORY else None


def _of(by: tuple[str, ...], series: Series, buckets: Buckets) -> list[Spike]:
    numbers = np.array(buckets.watched_at(series.points), dtype=np.int64)
    counts = np.array([series.resets.get(int(number), 0) for number in numbers], dtype=np.int64)
    day = UNITS["d"] // buckets.step if UNITS["d"] % buckets.step == 0 else 0
    made: list[Spike] = []
    for place in np.flatnonzero(counts >= FEWEST).tolist():
        number, resets = int(numbers[place]), int(counts[place])
        base = _base(numbers[:place], counts[:place], number, day)
        if base is None or resets < base.limit:
            continue
        if made and made[-1].last == number - 1:
            one = made.pop()
            made.append(_longer(one, number, resets))
        else:
            what = (base.median, base.deviation, base.limit, base.earlier, base.usual)
            made.append(Spike(by, series.key, number, number, resets, *what))
    return made


def _longer(spike: Spike, number: int, resets: int) -> Spike:
    return replace(spike, last=number, peak=max(spike.peak, resets))


def _base(numbers: np.ndarray, counts: np.ndarray, number: int, day: int) -> Base | None:
    """What the earlier buckets say about this one; nothing when they are too few."""
    if len(counts) < HISTORY:
        return None
    base = _limit(counts[-LONGEST:])
    if day > 1:
        same = counts[(number - numbers) % day == 0][-LONGEST:]
        if len(same) >= DAYS and (usual := _limit(same, usual=True)).limit > base.limit:
            return usual
    return base


def _limit(counts: np.ndarray, *, usual: bool = False) -> Base:
    median = float(np.median(counts))
    deviation = float(np.median(np.abs(counts - median)))
    limit = median + DEVIATIONS * max(NORMAL * deviation, np.sqrt(median), 1.0)
    return Base(median, deviation, float(limit), len(counts), usual)
