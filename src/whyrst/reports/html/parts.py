"""The parts of the page that need no script: summary, quality, incidents, causes, a first table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.reports import about
from whyrst.reports.amounts import HARM_WORDS, clock, count, duration, listing, span
from whyrst.reports.findings import harm_counts
from whyrst.reports.groups import who
from whyrst.reports.html.fields import fields
from whyrst.reports.html.markup import harm_dot, listed, say, tag
from whyrst.reports.quality import SKIPPED, flaws

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whyrst.causes import Cause
    from whyrst.model import Incident, Quality, Verdict
    from whyrst.reports.findings import Finding

    Ladder = Callable[[Verdict], str]

PLAIN = 100
"""Rows of the table that stand in the page itself; the script brings the others."""

INCIDENTS = 100
"""Incidents that the page shows."""

COLUMNS = (
    ("frame", "frame"), ("time", "time (UTC)"), ("cause", "cause"), ("confidence", "how sure"), ("harm", "harm"),
    ("who", "sender, receiver"), ("name", "name"),
)  # fmt: skip
"""Name and heading of the table's columns."""


def summary(findings: Sequence[Finding], quality: Quality) -> str:
    """Resets by harm, and when they were captured."""
    total = sum(one.resets for one in findings)
    tiles = [
        tag("li", say("strong", f"{number:,}") + harm_dot(level) + say("span", HARM_WORDS[level]))
        for level, number in harm_counts(list(findings))
    ]
    seconds = span(quality.start, quality.end)
    when = f"{clock(quality.start)}, {duration(seconds)}" if quality.start and seconds is not None else "no packets"
    echoes = sum(one.echoes for one in findings)
    more = f"; {count(echoes, 'is an echo', 'are echoes')} of an earlier one" if echoes else ""
    files = listing([name if name != "-" else "standard input" for name in quality.captures], 8)
    lead = tag("p", tag("bdi", say("strong", files)) + say("span", f", {when}"), class_="lead")
    told = say("p", f"{count(total, 'TCP reset')}{more}") if total else say("p", "No TCP resets.")
    return lead + told + (tag("ul", "".join(tiles), class_="tiles") if tiles else "")


def trust(quality: Quality) -> str:
    """How far the captures can be trusted."""
    skipped = [f"{number:,} {SKIPPED.get(why, why)}" for why, number in quality.skipped.items() if number]
    read = f"{count(quality.packets, 'packet')} = {listing([count(quality.segments, 'TCP segment'), *skipped])}"
    found = flaws(quality)
    damage = "".join(
        say("p", f"{one.path}: byte {one.offset:,}: {one.reason}. What stands before it was analysed.", class_="alarm")
        for one in quality.damage
    )
    odd = listing(found) if found else "complete"
    inner = say("p", read) + say("p", f"{count(quality.connections, 'connection')}; {odd}") + damage
    return section("quality", "Capture quality", inner)


def incidents(shown: Sequence[Incident], left: int, first: Mapping[str, Verdict], ladder: Ladder) -> str:
    """What belongs together, the most harmful first."""
    if not shown:
        return ""
    cards = []
    for one in shown:
        begin, end = clock(one.start), clock(one.end)
        causes = sorted(one.causes.items(), key=lambda pair: -pair[1])
        facts = [
            ("resets", f"{count(one.resets, 'reset')} of {count(one.connections, 'connection')}"),
            ("causes", listing([f"{number:,} {cause}" for cause, number in causes], 4)),
            ("when", begin if begin == end else f"{begin} to {end}"),
            ("frames", listing([str(frame) for frame in one.frames], 8)),
        ]
        inner = say("p", one.says) if one.says != one.title else ""
        inner += tag("dl", "".join(say("dt", label) + say("dd", text) for label, text in facts), class_="fields")
        if one.id in first:
            inner += ladder(first[one.id])
        inner += _chooser("incident", one.id, "List its resets")
        head = (
            harm_dot(one.harm)
            + say("b", one.title)
            + say("span", f"{one.kind}, {count(one.resets, 'reset')}", class_="side")
        )
        cards.append(_card(head, inner))
    more = say("p", f"and {count(left, 'more incident')}; the JSON report lists all", class_="note") if left else ""
    return section("incidents", "Incidents", "".join(cards) + more)


def causes(findings: Sequence[Finding], known: Mapping[str, Cause], ladder: Ladder, names: tuple[str, ...]) -> str:
    """Every cause with its surest example in full."""
    cards = []
    for one in findings:
        verdict = one.example
        if verdict is None:
            continue
        cause = known.get(one.cause)
        sure = [f"{number:,} {word}" for word, number in one.confidence if one.cause != "undetermined"]
        harm = [f"{number:,} {HARM_WORDS[level]}" for level, number in harm_counts([one])]
        facts = [("who", who(one.groups)), ("harm", [listing(harm)]), ("how sure", [listing(sure)] if sure else [])]
        inner = "".join(
            say("dt", label) + tag("dd", "".join(say("p", text) for text in texts)) for label, texts in facts if texts
        )
        sureness = about.sureness(verdict)
        told = f"Frame {verdict.frame}, {clock(verdict.time)}{f': {sureness}' if sureness else ''}"
        inner = tag("dl", inner, class_="fields") + _chooser("cause", one.cause, "List its resets")
        example = say("h3", told) + listed(fields(verdict, cause, names)) + ladder(verdict)
        head = harm_dot(one.harm) + say("b", one.cause) + say("span", cause.title if cause else "", class_="title")
        cards.append(_card(head + say("span", count(one.resets, "reset"), class_="side"), inner + example))
    return section("causes", "Causes", "".join(cards)) if cards else ""


def table(verdicts: Sequence[Verdict], total: int) -> str:
    """The first rows; the script takes the table over and adds what filters it."""
    if not verdicts:
        return ""
    heads = "".join(say("th", heading, scope="col", data_column=name) for name, heading in COLUMNS)
    several = len({one.capture for one in verdicts}) > 1
    rows = "".join(
        tag("tr", "".join(say("td", cell) for cell in _cells(one, several=several))) for one in verdicts[:PLAIN]
    )
    told = ""
    if total > len(verdicts):
        told += say(
            "p",
            f"This page holds {len(verdicts):,} of {total:,} resets: the first of each cause, then the most harmful, "
            "the earliest first. All of them are counted above; --format ndjson lists them.",
            class_="note",
        )
    if len(verdicts) > PLAIN:
        unscripted = f"The first {PLAIN} are listed here; the others, filters and sorting need JavaScript."
        told += say("p", unscripted, class_="note", id="unscripted")
    head = tag("thead", tag("tr", heads))
    inner = tag("table", say("caption", "Resets", class_="hidden") + head + tag("tbody", rows), id="table")
    return section("resets", "Resets", told + tag("div", "", id="filters") + tag("div", inner, class_="wide"))


def section(name: str, title: str, inner: str) -> str:
    """A part of the page with its heading."""
    return tag("section", say("h2", title, id=f"{name}-title") + inner, id=name, aria_labelledby=f"{name}-title")


def _cells(verdict: Verdict, *, several: bool) -> list[str]:
    connection = verdict.connection
    return [
        f"{verdict.frame} {verdict.capture}" if several else str(verdict.frame),
        clock(verdict.time),
        verdict.cause,
        about.sureness(verdict),
        HARM_WORDS[verdict.harm.level],
        f"{verdict.reset.source} -> {verdict.reset.destination}",
        connection.name or "",
    ]


def _card(head: str, inner: str) -> str:
    return tag("details", tag("summary", head) + tag("div", inner, class_="card"))


def _chooser(what: str, value: str, says: str) -> str:
    """A button that the script makes filter the table; it is hidden without."""
    return say("button", says, type="button", hidden="", data_choose=what, data_value=value)
