"""docs/accuracy.md: how often verdicts are right, measured on the lab."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from whyrst.lab.score import Outcome, shares

if TYPE_CHECKING:
    from collections.abc import Sequence

POINTS = ("client", "router", "server", "all")
INTRODUCTION = """\
Made by `make accuracy` on Linux {kernel}, seeds {seeds}. Every scenario of the lab runs with the real kernel and real
programs; the truth comes from what the scenario did. A verdict is right when its cause is the true one, or one that the
wire cannot tell apart from it at that point of capture."""
GOALS = {"certain": 99, "likely": 80}


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def page(outcomes: list[Outcome], seeds: Sequence[int], kernel: str) -> str:
    """The document.

    Args:
        outcomes: of `lab.score.score`.
        seeds: those used.
        kernel: release of the kernel that ran the scenarios.
    """
    single = [o for o in outcomes if o.where != "all"]
    parts = [
        "# Accuracy",
        INTRODUCTION.format(kernel=kernel, seeds=", ".join(map(str, seeds))),
        "## By point of capture",
        'Each point alone, and "all": for each reset the surest verdict of the three.',
        table(("point", "right"), [(point, share) for point, share in shares(outcomes, lambda o: o.where).items()]),
        "## By confidence",
        table(
            ("confidence", "right", "goal"),
            [
                (name, share, f"{GOALS[str(name)]} %" if name in GOALS else "")
                for name, share in shares(single, lambda o: o.confidence).items()
            ],
        ),
        "## By scenario",
        _by_scenario(outcomes),
        "## What was taken for what",
        _confusion(single),
    ]
    return "\n\n".join(parts) + "\n"


def _by_scenario(outcomes: list[Outcome]) -> str:
    names = sorted({o.scenario for o in outcomes})
    found = shares(outcomes, lambda o: (o.scenario, o.where))
    return table(
        ("scenario", *POINTS),
        [
            (name, *(f"{s.right}/{s.all}" if (s := found.get((name, point))) else "-" for point in POINTS))
            for name in names
        ],
    )


def _confusion(outcomes: list[Outcome]) -> str:
    wrong = Counter((o.cause, o.said, o.confidence) for o in outcomes if not o.right)
    if not wrong:
        return "Nothing was mistaken."
    return table(
        ("truth", "verdict", "confidence", "times"),
        [(*key, count) for key, count in sorted(wrong.items(), key=lambda item: -item[1])],
    )
