"""The comments on packets: each verdict on its reset, and each fact on the packets that show it.

A comment may have several lines; every line begins with words of ours and none holds a control character, whatever
the capture says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.causes import all_causes
from whyrst.reports.amounts import HARM_WORDS
from whyrst.reports.card import FACTS, MECHANISM_WORDS, UNDETERMINED, facts, mark, runners_up
from whyrst.reports.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.model import Verdict

SIGN = "whyrst: "
"""How every comment begins, so that a display filter finds it."""


def on_reset(verdict: Verdict) -> str:
    """What stands on the packet of the reset itself: cause, sureness, sender, mechanism, why, fix, ids."""
    reset, connection = verdict.reset, verdict.connection
    decided = verdict.cause != UNDETERMINED
    sure = f", {verdict.confidence}" if decided else ""
    lines = [f"{SIGN}{verdict.cause}{sure}: {all_causes()[verdict.cause].title}"]
    lines.append(f"who: the {reset.sender}, {reset.source} > {reset.destination}")
    lines.append(f"how: {reset.mechanism}, {MECHANISM_WORDS[reset.mechanism]}")
    if verdict.declared:
        lines.append(f'declared: "{verdict.declared}"')
    lines += [f"why: {fact}" for fact in facts(verdict, 0)]
    if not decided:
        lines += [f"maybe: {other}" for other in runners_up(verdict, FACTS)]
    lines.append(f"harm: {HARM_WORDS[verdict.harm.level]}. {verdict.harm.says}")
    lines += [
        f"{label}: {text}" for label, text in (("fix", verdict.fix), ("be sure", verdict.to_be_sure)) if _is(text)
    ]
    lines.append(f"id: {connection.id}, {connection.community_id}, tcp.stream eq {connection.tcp_stream}")
    if verdict.incident:
        lines.append(f"incident: {verdict.incident}")
    return "\n".join(map(printable, lines))


def on_evidence(verdict: Verdict) -> Iterator[tuple[int, str]]:
    """What stands on other packets: the facts of this verdict that each of them shows, for and against.

    Yields:
        Number of the packet and the comment; each packet once.
    """
    shown: dict[int, list[str]] = {}
    for one in verdict.evidence:
        if one.holds == "unknown" or (one.weight == "refutes" and one.holds == "no"):
            continue  # what would have spoken against it and is not so shows nothing
        fact = one.says if mark(one) == "+" else f"against it: {one.says}"
        for frame in one.frames:
            if frame != verdict.frame:
                shown.setdefault(frame, []).append(fact)
    for frame, says in shown.items():
        yield (
            frame,
            printable(f"{SIGN}evidence for reset in frame {verdict.frame} ({verdict.cause}): {'; '.join(says)}"),
        )


def more_evidence(number: int) -> str:
    """What stands on a packet that shows facts of more resets than are named."""
    return f"{SIGN}evidence for {number:,} more resets"


def _is(text: str) -> bool:
    """Whether there is something to say (a cause without a remedy has a dash)."""
    return text not in {"", "-"}
