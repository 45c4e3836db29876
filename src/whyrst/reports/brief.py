"""One line per reset: frame, how sure, cause, who resets whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from whyrst.reports.groups import without_port
from whyrst.reports.page import Page, View

if TYPE_CHECKING:
    from whyrst.model import Verdict
    from whyrst.reports.source import Source

CONFIDENCE_COLUMN = len("possible")
CAUSE_COLUMN = 22
"""Most ids are shorter; a longer one moves the rest of its line."""


def write(source: Source, out: BinaryIO, view: View) -> None:
    """Write the lines as the resets are judged; with several captures, each one's name before its own."""
    page = Page(out, view.width, color=view.color)
    several, capture = len(view.names) > 1, None
    for judged in source.batches():
        for row in range(len(judged)):
            verdict = judged.verdict(row)
            if several and verdict.capture != capture:
                capture = verdict.capture
                page.line(("bold", f"{capture}:"))
            page.line(*line(verdict, view.width))
        out.flush()


def line(verdict: Verdict, width: int) -> list[tuple[str, str]]:
    """The pieces of one line, the addresses shortened until they fit."""
    sure = "" if verdict.confidence == "undetermined" else verdict.confidence
    head = f"{verdict.frame:>7} "
    cause = f"{verdict.cause:<{CAUSE_COLUMN}}  "
    room = width - len(head) - CONFIDENCE_COLUMN - 1 - len(cause)
    return [
        ("dim", head),
        ("", f"{sure:<{CONFIDENCE_COLUMN}} "),
        (verdict.harm.level, cause),
        ("", ends(verdict, room)),
    ]


def ends(verdict: Verdict, room: int) -> str:
    """`sender > receiver`; when room is short the client's port goes, then the middle of the addresses."""
    client, server = verdict.connection.client, verdict.connection.server
    by_server = verdict.reset.sender == "server"
    for client_shown in (client, without_port(client)):
        sender, receiver = (server, client_shown) if by_server else (client_shown, server)
        if len(sender) + len(receiver) + 3 <= room:
            break
    else:
        half = max((room - 3) // 2, 8)
        spare = half - min(len(sender), len(receiver), half)
        sender, receiver = middle(sender, half + spare), middle(receiver, half + spare)
    return f"{sender} > {receiver}"


def middle(text: str, room: int) -> str:
    """A text with its middle left out, so that it keeps both ends and fits.

    >>> middle("[2001:db8:1:2:3:4:5:6]:443", 19)
    '[2001:db..:5:6]:443'
    """
    if len(text) <= room:
        return text
    tail = (room - 2 + 1) // 2
    return f"{text[: room - 2 - tail]}..{text[-tail:]}"
