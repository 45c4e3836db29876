"""One cause in the text report: how many, who resets whom, why, and what to do."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from whyrst.reports.amounts import HARM_WORDS, count, listing
from whyrst.reports.findings import harm_counts
from whyrst.reports.groups import who
from whyrst.reports.origin import origin_lines
from whyrst.reports.page import LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.causes import Cause
    from whyrst.model import Evidence, Verdict
    from whyrst.reports.findings import Finding
    from whyrst.reports.page import Page, View

FACTS = 3
"""Facts that are shown unless all are asked for."""

INDENT = 4
"""Columns before a command that does not fit beside its label."""

UNDETERMINED = "undetermined"
"""The cause that is none."""

NEAR = 0.05
"""Probability from which on a runner-up is named unless all are asked for."""

MECHANISM_WORDS = {
    "active": "a socket aborted itself",
    "passive": "a stack answered a segment it could not take",
    "firewall": "a device on the path answered",
    "forged": "a third party wrote it",
    "unknown": "the capture does not tell how it was made",
}


def card(page: Page, finding: Finding, cause: Cause | None, view: View) -> None:
    """Write what was found about one cause."""
    verdict = finding.example
    if verdict is None:
        return
    page.blank()
    _head(page, finding, cause)
    _reasons(page, finding, verdict, view.detail)
    _remedies(page, verdict)
    _see(page, finding, verdict, view)


def _head(page: Page, finding: Finding, cause: Cause | None) -> None:
    """Harm, name, counts, title, and who did it how to whom."""
    several = len(finding.confidence) > 1
    sure = [f"{n:,} {word}" if several else word for word, n in finding.confidence if finding.cause != UNDETERMINED]
    echoes = f" ({count(finding.echoes, 'echo', 'echoes')})" if finding.echoes else ""
    page.line(
        (finding.harm, f"{HARM_WORDS[finding.harm]}: "),
        ("bold", finding.cause),
        f"  {count(finding.resets, 'reset')}{echoes}",
        ("dim", f"  {listing(sure)}"),
    )
    if cause is not None:
        page.text(cause.title, indent=2)
    page.field("who", who(finding.groups))
    several = len(finding.mechanism) > 1
    how = [f"{name}{f' x{n:,}' if several else ''}: {MECHANISM_WORDS[name]}" for name, n in finding.mechanism]
    page.field("how", how)
    if finding.example is not None and finding.example.origin is not None:
        page.field("where", origin_lines(finding.example.origin))


def _reasons(page: Page, finding: Finding, verdict: Verdict, detail: int) -> None:
    """What speaks for the cause, the next ones, and what the reset destroyed."""
    if verdict.declared:
        page.field("declared", f'"{verdict.declared}"')
    page.field("why", facts(verdict, detail))
    decided = finding.cause != UNDETERMINED
    rivals = others(verdict, finding.ruled_out) if detail > 1 else runners_up(verdict, 1 if decided else FACTS)
    if rivals:
        page.field("not" if decided else "maybe", rivals)
    if finding.harm != "none":
        mixed = [f"{n:,} {HARM_WORDS[level]}" for level, n in harm_counts([finding])]
        page.field("harm", [*([listing(mixed)] if len(mixed) > 1 else []), verdict.harm.says])


def _remedies(page: Page, verdict: Verdict) -> None:
    """Where it is written down, and what to do."""
    if verdict.cause != UNDETERMINED:
        page.field("rule", listing(verdict.references.rfc) or "no RFC clause asks for it")
    source = list(verdict.references.source)
    if verdict.references.counter:
        source.append(f"counter {verdict.references.counter}")
    if source:
        page.field("kernel", source)
    for label, text in (("fix", verdict.fix), ("be sure", verdict.to_be_sure)):
        if text not in {"", "-"}:
            page.field(label, text)


def facts(verdict: Verdict, detail: int) -> list[str]:
    """The evidence as sentences with their frames; without detail only the first that hold, the most telling first."""
    if detail > 0:
        return [f"{mark(one)} {sentence(one, verdict.frame)}" for one in verdict.evidence] or ["no evidence"]
    held = [one for one in verdict.evidence if one.holds == "yes" and one.weight != "refutes"]
    open_ones = [one for one in verdict.evidence if one.holds == "unknown" and one.weight == "needed"]
    shown = [sentence(one, verdict.frame) for one in held[:FACTS]]
    shown += [sentence(one, verdict.frame) for one in open_ones[: FACTS - len(shown)]]
    return shown or ["the evidence does not decide"]


def sentence(one: Evidence, reset: int) -> str:
    """A fact and the frames that show it, unless the sentence names them itself or the reset's own shows it."""
    named = set(re.findall(r"\d+", one.says))
    frames = [str(frame) for frame in one.frames if frame != reset and str(frame) not in named]
    if not frames:
        return one.says
    return f"{one.says} [frame{'s' if len(frames) > 1 else ''} {listing(frames, 4)}]"


def others(verdict: Verdict, impossible: Sequence[tuple[str, str]] = ()) -> list[str]:
    """The causes that came second and later and why they lost, then those that are impossible and why."""
    lines = [f"{one.cause} ({one.probability:.0%}): {one.why_not}" for one in verdict.alternatives]
    lines += [f"{cause}: {why}" for cause, why in impossible]
    return lines or ["no other cause was near"]


def runners_up(verdict: Verdict, number: int) -> list[str]:
    """The next causes, as far as they were near."""
    return [
        f"{one.cause} ({one.probability:.0%}): {one.why_not}"
        for one in verdict.alternatives[:number]
        if one.probability >= NEAR
    ]


def mark(one: Evidence) -> str:
    """How a fact speaks: `+` for, `-` against, `?` not known."""
    if one.holds == "unknown":
        return "?"
    return "-" if (one.weight == "refutes") == (one.holds == "yes") else "+"


def _see(page: Page, finding: Finding, verdict: Verdict, view: View) -> None:
    """Where to look further: a command on one line; frames only when all are of one capture."""
    name = view.names[0] if len(view.names) == 1 else verdict.capture
    command = f"whyrst show {quote(name)} --frame {verdict.frame}" if name != "-" else f"frame {verdict.frame}"
    if len(command) > page.width - INDENT:
        command = f"whyrst show FILE --frame {verdict.frame}"
    beside = len(command) <= page.width - LABEL
    lines = [command] if beside else []
    if finding.resets > 1 and len(view.names) == 1:
        frames = ", ".join(str(frame) for frame in finding.frames)
        left = finding.resets - len(finding.frames)
        lines.append(f"frames {frames}{f' and {left:,} more' if left else ''}")
    page.field("see", lines or [""])
    if not beside:
        page.text(command, indent=INDENT)
