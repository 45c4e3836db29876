"""The text report, for people: quality first, then incidents and causes, worst harm first."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from whyrst.reports.amounts import HARM_WORDS, clock, count, listing
from whyrst.reports.card import card
from whyrst.reports.findings import collect, harm_counts
from whyrst.reports.page import Page, View
from whyrst.reports.printable import printable
from whyrst.reports.quality import quality_lines
from whyrst.reports.source import WORST_FIRST

if TYPE_CHECKING:
    from whyrst.model import Incident
    from whyrst.reports.findings import Finding
    from whyrst.reports.source import Source

FORMAT = "text"
"""Name of this format."""

OVERVIEW = 4
"""Causes from which on a table of them stands before the cards."""


def write(source: Source, out: BinaryIO, view: View) -> None:
    """Write the report; with a detail of -1 only one line per reset."""
    if view.detail < 0:
        from whyrst.reports.brief import write as write_lines

        write_lines(source, out, view)
        return
    findings = collect(source, ruled_out=view.detail > 1)
    page = Page(out, view.width, color=view.color)
    _head(page, source, findings)
    quality_lines(page, source.quality)
    _incidents(page, source.incidents)
    if len(findings) >= OVERVIEW:
        _overview(page, findings)
    if findings:
        from whyrst.causes import all_causes

        causes = all_causes()
        page.title("CAUSES")
        for finding in findings:
            card(page, finding, causes.get(finding.cause), view)


def _head(page: Page, source: Source, findings: list[Finding]) -> None:
    captures = source.quality.captures
    name = captures[0] if len(captures) == 1 else count(len(captures), "capture")
    name = "standard input" if name == "-" else printable(name)
    total = sum(one.resets for one in findings)
    title = f"{count(total, 'TCP reset') if total else 'No TCP resets'} in "
    page.line(("bold", title + end_of(name, page.width - len(title))))
    if total:
        harms = harm_counts(findings)
        words = [f"{number:,} {HARM_WORDS[level]}" for level, number in harms]
        echoes = sum(one.echoes for one in findings)
        if echoes:
            words.append(f"{count(echoes, 'is an echo', 'are echoes')} of an earlier one")
        page.field("harm", listing(words), style=harms[0][0])


def end_of(path: str, room: int) -> str:
    """The end of a path, which says most, when the whole does not fit.

    >>> end_of("/captures/friday/shop.pcap", 20)
    '...friday/shop.pcap'
    """
    return path if len(path) <= room else f"...{path[len(path) - max(room - 3, 1) :].lstrip('/')}"


def _incidents(page: Page, incidents: tuple[Incident, ...]) -> None:
    if not incidents:
        return
    page.title("INCIDENTS")
    for one in sorted(incidents, key=lambda one: (WORST_FIRST.index(one.harm), -one.resets, one.id)):
        page.blank()
        page.line(
            (one.harm, f"{HARM_WORDS[one.harm]}: "),
            ("bold", one.kind),
            f"  {count(one.resets, 'reset')} of {count(one.connections, 'connection')}",
        )
        page.text(one.title, indent=2)
        if one.says and one.says != one.title:
            page.text(one.says, indent=2)
        causes = sorted(one.causes.items(), key=lambda pair: -pair[1])
        page.field("causes", listing([f"{number:,} {cause}" for cause, number in causes], 4))
        begin, end = clock(one.start), clock(one.end)
        page.field("when", begin if begin == end else f"{begin} to {end}")
        if one.frames:
            page.field("frames", listing([str(frame) for frame in one.frames], 5))


def _overview(page: Page, findings: list[Finding]) -> None:
    page.title("OVERVIEW")
    number = max(len(f"{one.resets:,}") for one in findings)
    name = max(len(one.cause) for one in findings)
    for one in findings:
        sure = one.confidence[0][0] if len(one.confidence) == 1 else f"{one.confidence[-1][0]} or more"
        page.line(
            f"  {one.resets:>{number},}  ",
            (one.harm, f"{HARM_WORDS[one.harm]:<12}"),
            f"  {one.cause:<{name}}",
            ("dim", "" if one.cause == "undetermined" else f"  {sure}"),
        )
