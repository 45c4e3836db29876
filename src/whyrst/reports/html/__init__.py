"""HTML: the report as one page for a browser, readable without script and without network.

The summary covers every reset. The page holds at most `kept.LIMIT` verdicts, chosen by a rule that it states, and the
ladders of at most `kept.LADDERS` of them; their segments are collected by a second reading of the capture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.model import Verdict
    from whyrst.reports.conversation import Conversation
    from whyrst.reports.page import View
    from whyrst.reports.source import Source

FORMAT = "html"
"""Name of this format."""


def write(source: Source, out: BinaryIO, view: View) -> None:
    """Write the page, part after part."""
    from importlib.metadata import version

    from whyrst.causes import all_causes
    from whyrst.reports.amounts import count
    from whyrst.reports.findings import collect
    from whyrst.reports.html import page, parts
    from whyrst.reports.html.kept import Kept, to_draw
    from whyrst.reports.html.ladders import Ladders
    from whyrst.reports.html.over_time import over_time
    from whyrst.reports.html.rows import data
    from whyrst.reports.timeline import Timeline

    timeline = Timeline()
    kept = Kept(source, timeline)
    findings = collect(kept)
    verdicts = kept.verdicts()
    chosen = to_draw(verdicts, [one.example for one in findings if one.example is not None])
    ladders = Ladders(verdicts, _conversations(source, chosen))
    shown = source.incidents[: parts.INCIDENTS]
    first: dict[str, Verdict] = {}
    for one in verdicts:
        if one.incident is not None:
            first.setdefault(one.incident, one)
    quality = source.quality
    title = f"{count(kept.total, 'TCP reset') if kept.total else 'No TCP resets'}"
    known = all_causes()
    causes = parts.causes(findings, known, ladders.figure, view.names)
    body = [
        parts.section("summary", "Summary", parts.summary(findings, quality)),
        over_time(timeline),
        parts.incidents(shown, len(source.incidents) - len(shown), first, ladders.figure),
        causes,
        parts.table(verdicts, kept.total),
        ladders.rule(view.names),
        parts.trust(quality),
    ]
    links = [(name, says) for name, says in page.PARTS if any(f'id="{name}"' in part for part in body)]
    out.write(page.head(f"whyrst: {title}").encode())
    out.write(page.masthead(title, links).encode())
    out.writelines(part.encode() + b"\n" for part in body)
    out.write(ladders.rest().encode())
    out.write(page.foot(version("whyrst"), data(verdicts, known, shown, ladders.numbers, view.names)).encode())
    out.flush()


def _conversations(source: Source, chosen: Sequence[Verdict]) -> dict[tuple[str, int], Conversation]:
    """The segments of some connections, as far as the captures can be read a second time."""
    from whyrst.capture.errors import CaptureError
    from whyrst.reports.conversation import collect
    from whyrst.reports.source import Rereadable

    if not chosen or not isinstance(source, Rereadable):
        return {}
    try:
        return collect(chosen, source.reread())
    except CaptureError:
        return {}  # gone or changed since the first reading: the page says that it has no ladders
