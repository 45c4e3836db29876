"""Numbers, durations and lists as people say them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.model import HarmLevel

HARM_WORDS: dict[HarmLevel, str] = {
    "data-lost": "data lost",
    "aborted": "aborted",
    "refused": "refused",
    "unknown": "harm unknown",
    "none": "harmless",
}


def count(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun.

    >>> count(1, "reset"), count(1200, "reset"), count(2, "copy", "copies")
    ('1 reset', '1,200 resets', '2 copies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """Seconds with three digits that matter, longer times by their two largest units.

    >>> duration(0.00012), duration(61.02), duration(192), duration(9000)
    ('120 us', '61.02 s', '3 min 12 s', '2 h 30 min')
    """
    if seconds < 0:
        return f"-{duration(-seconds)}"
    for limit, factor, unit in ((0.9995e-3, 1e6, "us"), (0.9995, 1e3, "ms")):
        if seconds < limit:
            return f"{seconds * factor:.3g} {unit}"
    if seconds < 120:  # noqa: PLR2004  (whole seconds say enough from two minutes on)
        return f"{seconds:.2f} s" if seconds >= 10 else f"{seconds:.3g} s"  # noqa: PLR2004
    whole = round(seconds)
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit} {rest} {name}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def size(number: int) -> str:
    """Bytes with three digits that matter.

    >>> size(999), size(12_000), size(1_234_567)
    ('999 B', '12 kB', '1.23 MB')
    """
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:  # noqa: PLR2004  (more would round to four digits)
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.0f} TB"


def listing(parts: Sequence[str], limit: int = 0) -> str:
    """Parts joined by commas; with a limit, what is left off is counted.

    >>> listing(["1", "2", "3", "4"], 2)
    '1, 2 and 2 more'
    """
    if limit and len(parts) > limit:
        return f"{', '.join(parts[:limit])} and {len(parts) - limit:,} more"
    return ", ".join(parts)


def span(start: str | None, end: str | None) -> float | None:
    """Seconds between two ISO 8601 times; nothing when one is missing or unreadable."""
    if start is None or end is None:
        return None
    try:
        return (datetime.fromisoformat(_micro(end)) - datetime.fromisoformat(_micro(start))).total_seconds()
    except ValueError:
        return None


def clock(time: str) -> str:
    """An ISO 8601 time cut to milliseconds, date and time of day apart.

    >>> clock("2026-11-20T10:00:01.123456789Z")
    '2026-11-20 10:00:01.123Z'
    """
    head, dot, rest = time.removesuffix("Z").partition(".")
    return head.replace("T", " ") + (f".{rest[:3]}" if dot else "") + ("Z" if time.endswith("Z") else "")


def _micro(time: str) -> str:
    head, dot, rest = time.rstrip("Z").partition(".")
    return head + (f".{rest[:6]:0<6}" if dot else "")
