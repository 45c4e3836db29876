"""Times and spans as a user writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

SECOND = 1_000_000_000
UNITS = {"m": 60 * SECOND, "h": 3600 * SECOND, "d": 86400 * SECOND, "w": 7 * 86400 * SECOND}
WORDS = {"minute": "1m", "hour": "1h", "day": "1d", "week": "1w"}
FIRST_MONDAY = 4 * UNITS["d"]
"""1970-01-05, from which buckets are counted, so that weeks begin on Mondays and days at 0:00 UTC."""

LATEST = (1 << 63) - 1
"""The last nanosecond that a column can hold, in the year 2262."""

MOST = 9999
"""Of a unit, in a span."""


def span(text: str) -> int:
    """A span of time in nanoseconds.

    >>> span("15m") // SECOND, span("day") // SECOND
    (900, 86400)

    Raises:
        ValueError: it is none.
    """
    found = re.fullmatch(r"([1-9]\d{0,3})([mhdw])", WORDS.get(text, text), re.ASCII)
    if found is None:
        raise ValueError(f"{text!r} is no span such as 15m, 6h, 2d or 1w (or {', '.join(WORDS)})")
    return int(found[1]) * UNITS[found[2]]


def moment(text: str, latest: int) -> int:
    """A time in nanoseconds since 1970: ISO 8601, in UTC unless it says otherwise, or a span back from the latest.

    Args:
        text: as the user wrote it.
        latest: the last time that the archive knows.

    Raises:
        ValueError: it is none.
    """
    try:
        return latest - span(text)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time such as 2026-05-28T20:26, nor a span such as 2d") from None
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    microseconds = (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return max(min(microseconds * 1000, LATEST), -LATEST)


def bucket(time: str, step: int) -> str:
    """The number of the bucket in which a column's time lies, as an expression; SQL's division rounds to zero."""
    since = f"(epoch_ns({time}) - {FIRST_MONDAY})"
    return f"{since} // {step} - CAST({since} % {step} < 0 AS INTEGER)"


def number(time: int, step: int) -> int:
    """The same of a time in nanoseconds since 1970."""
    return (time - FIRST_MONDAY) // step


def start(number: int, step: int) -> int:
    """When a bucket begins, in nanoseconds since 1970."""
    return number * step + FIRST_MONDAY
