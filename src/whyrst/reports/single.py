"""One reset in full: its cause by the four steps of the method, evidence for and against, and its ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.reports import about
from whyrst.reports.amounts import HARM_WORDS, clock, listing
from whyrst.reports.card import MECHANISM_WORDS, others
from whyrst.reports.ladder import fold, frames_filter, ladder, stream_filter
from whyrst.reports.numbering import trace
from whyrst.reports.origin import origin_lines
from whyrst.reports.vantages import vantages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.causes import Cause
    from whyrst.model import Verdict
    from whyrst.reports.conversation import Conversation
    from whyrst.reports.page import Page
    from whyrst.reports.vantages import Passage


def single(
    page: Page,
    verdict: Verdict,
    cause: Cause | None,
    conversation: Conversation,
    impossible: Sequence[tuple[str, str]] = (),
) -> None:
    """Write everything about one reset; `impossible` are the causes that are ruled out, each with the reason."""
    around(page, verdict, cause, impossible)
    page.title("LADDER")
    marks = conversation.marks
    shown = fold(conversation.items, verdict.frame, marks)
    for line in ladder(conversation.client, conversation.server, shown, marks, page.width):
        style = "bold" if line.lstrip().startswith(f"{verdict.frame} ") else "dim" if "..." in line else ""
        page.line((style, line))
    page.title("WIRESHARK")
    page.text(stream_filter(verdict.connection.tcp_stream), indent=2)
    page.text(frames_filter([*marks, verdict.frame]), indent=2)


def around(page: Page, verdict: Verdict, cause: Cause | None, impossible: Sequence[tuple[str, str]] = ()) -> None:
    """Write everything about one reset but its ladder."""
    _head(page, verdict, cause)
    if verdict.origin is not None:
        page.blank()
        page.field("where", origin_lines(verdict.origin))
    _method(page, verdict)
    page.blank()
    page.field("not", others(verdict, impossible))
    page.field("fix", verdict.fix)
    if verdict.to_be_sure:
        page.field("be sure", verdict.to_be_sure)


def side_by_side(page: Page, places: Sequence[str], passages: Sequence[Passage]) -> None:
    """Write the ladder of several places."""
    page.title("LADDER")
    for line in vantages(places, passages, page.width):
        page.line(("bold" if "==" in line else "dim" if "..." in line else "", line))


def _head(page: Page, verdict: Verdict, cause: Cause | None) -> None:
    page.text(f"{verdict.capture}, frame {verdict.frame}, {clock(verdict.time)}", style="bold")
    for line in (about.reset(verdict), about.connection(verdict), about.ends(verdict)):
        page.text(line, indent=2)
    page.blank()
    sure = about.sureness(verdict)
    harm = verdict.harm.level
    page.line((harm, f"{HARM_WORDS[harm]}: "), ("bold", verdict.cause), f"  {sure}" if sure else "")
    if cause is not None:
        page.text(cause.title, indent=2)
    page.text(verdict.harm.says, indent=2)


def _method(page: Page, verdict: Verdict) -> None:
    """Type, trace, reference, source: the four steps."""
    reset = verdict.reset
    page.blank()
    page.field("1 type", f"{reset.mechanism}: {MECHANISM_WORDS[reset.mechanism]}")
    facts = [f"{one.mark} {one.says}{f' [{one.number}]' if one.number else ''}".lstrip() for one in trace(verdict)]
    page.field("2 trace", facts or ["nothing in the capture tells"])
    page.field("3 rule", listing(verdict.references.rfc) or "no RFC clause asks for it")
    source = list(verdict.references.source)
    if verdict.references.counter:
        source.append(f"counter {verdict.references.counter}")
    page.field("4 source", source or ["no kernel function: it comes from elsewhere"])
