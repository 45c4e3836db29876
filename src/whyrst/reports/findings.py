"""All resets of a report, gathered by cause while they stream past.

Memory is bounded by causes, not by resets: per cause some counts, the groups that matter, and a few verdicts as
examples. Only examples are materialised, since that costs a thousand times a row of columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.reports.groups import Ends, Groups
from whyrst.reports.source import CONFIDENCES, HARMS, MECHANISMS, WORST_FIRST

if TYPE_CHECKING:
    from whyrst.model import Confidence, HarmLevel, Mechanism, Verdict
    from whyrst.reports.source import Judged, Source

    Array = np.ndarray[Any, np.dtype[np.int64]]

_RANK = np.array([WORST_FIRST.index(level) for level in HARMS])
"""Place of each harm code when the worst comes first."""


@dataclass
class Finding:
    """What is said about one cause."""

    cause: str
    resets: int = 0
    echoes: int = 0
    harms: Array = field(default_factory=lambda: np.zeros(len(HARMS), dtype=np.int64))
    confidences: Array = field(default_factory=lambda: np.zeros(len(CONFIDENCES), dtype=np.int64))
    mechanisms: Array = field(default_factory=lambda: np.zeros(len(MECHANISMS), dtype=np.int64))
    groups: Groups = field(default_factory=Groups)
    frames: list[int] = field(default_factory=list)
    """Frames of the first resets."""
    example: Verdict | None = None
    """The surest of the most harmful, echoes last."""
    ruled_out: list[tuple[str, str]] = field(default_factory=list)
    """Causes that are impossible for the example, and why; only if asked for."""
    _best: float = inf

    @property
    def harm(self) -> HarmLevel:
        """The worst that a reset of this cause did."""
        return min((HARMS[code] for code in np.flatnonzero(self.harms)), key=WORST_FIRST.index)

    @property
    def confidence(self) -> list[tuple[Confidence, int]]:
        """How sure, surest first, with how many resets."""
        return [(CONFIDENCES[code], int(self.confidences[code])) for code in np.flatnonzero(self.confidences)[::-1]]

    @property
    def mechanism(self) -> list[tuple[Mechanism, int]]:
        """How it was sent, most frequent first."""
        order = np.argsort(-self.mechanisms, kind="stable")
        return [(MECHANISMS[code], int(self.mechanisms[code])) for code in order if self.mechanisms[code]]

    def add(self, judged: Judged, rows: Array, *, ruled_out: bool = False) -> None:
        """Take in these rows of a batch; keep what is ruled out for the example if asked to."""
        echo = judged.echo[rows]
        harm = judged.harm[rows]
        self.resets += len(rows)
        self.echoes += int(echo.sum())
        self.harms += np.bincount(harm, minlength=len(HARMS))
        self.confidences += np.bincount(judged.confidence[rows], minlength=len(CONFIDENCES))
        self.mechanisms += np.bincount(judged.mechanism[rows], minlength=len(MECHANISMS))
        if len(self.frames) < FRAMES:
            self.frames += [int(frame) for frame in judged.frame[rows[: FRAMES - len(self.frames)]]]
        self.groups.add(judged, rows, lambda row: _ends(judged.verdict(row)))
        score = (_RANK[harm] * 2 + echo) * 2 - judged.probability[rows]
        best = int(np.argmin(score))
        if float(score[best]) < self._best:
            self._best = float(score[best])
            self.example = judged.verdict(int(rows[best]))
            self.ruled_out = judged.ruled_out(int(rows[best])) if ruled_out else []


FRAMES = 5
"""First frames that are remembered per cause."""


def collect(source: Source, *, ruled_out: bool = False) -> list[Finding]:
    """Read all batches and gather them by cause, worst harm first, then most resets."""
    findings: dict[str, Finding] = {}
    for judged in source.batches():
        if not len(judged):
            continue
        order = np.argsort(judged.cause, kind="stable")
        causes, starts = np.unique(judged.cause[order], return_index=True)
        for code, rows in zip(causes, np.split(order, starts[1:]), strict=True):
            cause = judged.ids[int(code)]
            findings.setdefault(cause, Finding(cause)).add(judged, rows, ruled_out=ruled_out)
    return sorted(findings.values(), key=lambda one: (WORST_FIRST.index(one.harm), -one.resets, one.cause))


def harm_counts(findings: list[Finding]) -> list[tuple[HarmLevel, int]]:
    """Resets by harm over all findings, worst first, without the empty ones."""
    total = sum((one.harms for one in findings), start=np.zeros(len(HARMS), dtype=np.int64))
    return [(level, int(total[HARMS.index(level)])) for level in WORST_FIRST if total[HARMS.index(level)]]


def _ends(verdict: Verdict) -> Ends:
    connection = verdict.connection
    return Ends(connection.client, connection.server, by_server=verdict.reset.sender == "server")
