"""How far the capture can be trusted, in two lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.reports.amounts import count, duration, listing, span

if TYPE_CHECKING:
    from whyrst.model import Quality
    from whyrst.reports.page import Page


SKIPPED = {
    "link": "of an unknown link type",
    "not-ip": "not IP",
    "not-tcp": "not TCP",
    "fragment": "later fragments",
    "cut": "cut in a header",
    "malformed": "malformed",
    "filter": "filtered out",
    "deep": "nested too deep",
}
"""Why a packet held no segment, `Quality.skipped`, in words."""


def quality_lines(page: Page, quality: Quality) -> None:
    """Write the account of packets, and what is odd about how they were captured."""
    parts = [count(quality.segments, "TCP segment")]
    parts += [
        f"{number:,} {SKIPPED.get(why, why)}"
        for why, number in sorted(quality.skipped.items(), key=lambda one: -one[1])
        if number
    ]
    page.field("read", f"{count(quality.packets, 'packet')} = {' + '.join(parts)}")
    page.field("quality", _trust(quality), style="warn" if quality.damage else "")


def _trust(quality: Quality) -> str:
    whole = count(quality.connections, "connection")
    seconds = span(quality.start, quality.end)
    if seconds is not None:
        whole += f" in {duration(seconds)}"
    found = flaws(quality)
    if quality.damage:
        found.insert(0, "THE FILE IS DAMAGED" if len(quality.captures) == 1 else "DAMAGED FILES")
    return f"{whole}; {listing(found) if found else 'complete'}"


def flaws(quality: Quality) -> list[str]:
    """What is odd about how the packets were captured, without damage."""
    return [
        f"{number:,} {words}"
        for number, words in (
            (quality.without_handshake, "without handshake"),
            (quality.one_sided, "one-sided"),
            (quality.missing, "segments lost by the capture"),
            (quality.copies, "copies"),
            (quality.cut, "cut short"),
            (quality.offload, "merged by offload"),
            (quality.bad_checksums, "bad checksums"),
            (quality.backwards, "back in time"),
            (quality.evicted, "connections forgotten early"),
        )
        if number
    ]
