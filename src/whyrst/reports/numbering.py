"""The numbers of the evidence: the same in the list of facts and beside the segments of a ladder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from whyrst.reports.card import mark, sentence

if TYPE_CHECKING:
    from whyrst.model import Evidence, Verdict


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a verdict's trace."""

    mark: str
    """`+` speaks for the cause, `-` against, `?` not known; empty for what is plain to see."""
    says: str
    number: int = 0
    """Its mark in the ladder; 0 when the reset's own segment shows it, which needs no mark."""
    frames: tuple[int, ...] = ()
    """Where the ladder bears that number."""


def trace(verdict: Verdict) -> list[Fact]:
    """What led to the reset: the segment it answers, what its sender declares, then the evidence."""
    found = []
    answered = verdict.reset.answers_frame
    if answered is not None:
        found.append(Fact("", f"it answers frame {answered}", 1, (answered,)))
    if verdict.declared:
        found.append(Fact("", f'the sender declares: "{verdict.declared}"'))
    place = len([one for one in found if one.number])
    for one in verdict.evidence:
        frames = _elsewhere(one, verdict)
        place += bool(frames)
        found.append(Fact(mark(one), sentence(one, verdict.frame), place if frames else 0, frames))
    return found


def numbers(verdict: Verdict) -> dict[int, list[int]]:
    """For each frame, the numbers of what it shows."""
    found: dict[int, list[int]] = {}
    for fact in trace(verdict):
        for frame in fact.frames:
            found.setdefault(frame, []).append(fact.number)
    return found


def _elsewhere(one: Evidence, verdict: Verdict) -> tuple[int, ...]:
    """The frames of a fact that are not the reset's own."""
    return tuple(frame for frame in one.frames if frame != verdict.frame)
