"""The trend as text: resets over time, by key, what is new, and spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.fleet.questions.period import SECOND, UNITS, start
from whyrst.fleet.questions.shown import NOTHING, minute, table, text, title
from whyrst.fleet.questions.spikes import HISTORY, too_short
from whyrst.reports.amounts import clock, count, duration, listing
from whyrst.resets.text import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.fleet.questions.fresh import Fresh
    from whyrst.fleet.questions.keys import Key
    from whyrst.fleet.questions.spikes import Spike
    from whyrst.fleet.questions.trend import Trend
    from whyrst.reports.page import Page

BARS = "▁▂▃▄▅▆▇█"
QUIET = "."
"""A bucket without resets in a row of bars; one in which no capture ran is left blank."""

WIDEST = 40
"""Columns of a row of bars."""

LINES = 48
"""Lines of buckets."""

NAMES = 5
"""Capture points that are named."""


def trend(page: Page, answer: Trend) -> None:
    """Resets over time, what is new, and spikes."""
    if not answer.buckets.numbers:
        page.line(("bold", "No TCP resets"), ": no capture ran then")
        return
    if answer.whole is None:
        page.line(("bold", "No TCP resets"))
    else:
        _times(page, answer)
        _lines(page, answer)
    _fresh(page, answer.fresh)
    _spikes(page, answer)


def bars(counts: Sequence[int | None]) -> str:
    """A row of bars, one column each, or of the most of neighbours where there are too many.

    >>> bars([0, 1, None, 4, 8])
    '.▁ ▄█'
    """
    share = -(-len(counts) // WIDEST) or 1
    parts = [[one for one in counts[at : at + share] if one is not None] for at in range(0, len(counts), share)]
    highest = max((max(part) for part in parts if part), default=0)
    return "".join(_bar(max(part), highest) if part else " " for part in parts)


def _bar(number: int, highest: int) -> str:
    return BARS[-(-number * len(BARS) // highest) - 1] if number else QUIET


def _times(page: Page, answer: Trend) -> None:
    """One line for each bucket; those without a capture that follow each other share one."""
    assert answer.whole is not None
    cut, whole = answer.buckets, answer.whole
    begin, end = start(cut.first, cut.step), start(cut.last + 1, cut.step)
    page.line(("bold", f"{title(whole.total, begin, end)}, by {_span(cut.step)}"))
    page.blank()
    highest = max(whole.resets.values())
    width = len(f"{highest:,}")
    runs = _runs(answer)
    if len(runs) > LINES:
        page.line(("dim", f"  ... {len(runs) - LINES:,} earlier lines; --format csv or json has all"))
    for numbers, watched in runs[-LINES:]:
        resets = whole.resets.get(numbers[0], 0)
        when = minute(start(numbers[0], cut.step))
        if watched:
            page.line(f"  {when}  {resets:>{width},}  ", ("label", BARS[-1] * -(-resets * WIDEST // highest)))
        else:
            long = f" for {len(numbers):,} of them" if len(numbers) > 1 else ""
            page.line(f"  {when}  ", ("dim", f"{NOTHING:>{width}}  no capture{long}"))


def _runs(answer: Trend) -> list[tuple[list[int], bool]]:
    """The buckets, those in a row without a capture as one, and whether there was one."""
    watched = set(answer.buckets.watched_at(answer.buckets.watched))
    runs: list[tuple[list[int], bool]] = []
    for number in answer.buckets.numbers:
        if number not in watched and runs and not runs[-1][1]:
            runs[-1][0].append(number)
        else:
            runs.append(([number], number in watched))
    return runs


def _lines(page: Page, answer: Trend) -> None:
    """One line for each key."""
    cut = answer.buckets
    page.title(f"BY {' AND '.join(answer.by).upper()}")
    rows = []
    for one in answer.lines:
        watched = set(cut.watched_at(one.points))
        counts = [one.resets.get(number, 0) if number in watched else None for number in cut.numbers]
        rows.append([f"{one.total:,}", bars(counts), *map(text, one.key)])
    table(page, ["resets", f"by {_span(cut.step)}", *answer.by], rows, right=1)


def _fresh(page: Page, fresh: Fresh) -> None:
    page.title(f"NEW since {minute(fresh.since)}")
    if fresh.history is None:
        page.line("  the history is too short: the archive holds nothing before that")
        return
    page.line(("dim", f"  compared with the {duration(fresh.history / SECOND)} before"))
    if fresh.points:
        some = count(len(fresh.points), "capture point")
        page.line(f"  {some} without captures before, not compared: {listing(fresh.points, NAMES)}")
    for one in fresh.found:
        page.line(f"  {_named(one.by, one.key)}: {count(one.resets, 'reset')}, the first at {clock(iso(one.first))}")
    for by, more in (fresh.more or {}).items():
        if more:
            page.line(f"  and {more:,} more by {' and '.join(by)}")
    if not fresh.found and not fresh.points:
        page.line("  nothing")


def _spikes(page: Page, answer: Trend) -> None:
    page.title("SPIKES")
    short = too_short(answer.buckets)
    if short is not None:
        some = count(short, "bucket")
        page.line(f"  the history is too short: {some} with captures, where one needs {HISTORY} before it")
        return
    for one in answer.spikes:
        _spike(page, one, answer.buckets.step)
    if answer.more_spikes:
        page.line(f"  and {answer.more_spikes:,} more")
    if not answer.spikes:
        page.line("  none")


def _spike(page: Page, spike: Spike, step: int) -> None:
    """Where a spike is, and why it is one."""
    when = minute(start(spike.first, step))
    if spike.last > spike.first:
        when += f" to {minute(start(spike.last + 1, step))}"
    page.line(f"  {when}  ", ("bold", _named(spike.by, spike.key)), f": {count(spike.peak, 'reset')} in a bucket")
    which = "at the same time of earlier days" if spike.usual else "before"
    page.line(
        f"    the median of the {spike.earlier:,} {which} is {spike.median:g}, the MAD {spike.deviation:g}: "
        f"spikes begin at {spike.limit:.1f}"
    )


def _named(by: Sequence[str], key: Key) -> str:
    return ", ".join(f"{name} {text(value)}" for name, value in zip(by, key, strict=True)) or "all resets"


def _span(step: int) -> str:
    """A span as it was said.

    >>> _span(UNITS["h"]), _span(15 * UNITS["m"])
    ('hour', '15 minutes')
    """
    names = {"w": "week", "d": "day", "h": "hour", "m": "minute"}
    unit = next(unit for unit in names if step % UNITS[unit] == 0)
    number = step // UNITS[unit]
    return names[unit] if number == 1 else f"{number} {names[unit]}s"
