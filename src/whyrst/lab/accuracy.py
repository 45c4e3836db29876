"""docs/accuracy.md: how often verdicts are right, measured on the lab."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from whyrst.lab.compared import WAYS
from whyrst.lab.score import Outcome, Share, shares
from whyrst.lab.trace import LIVE, SENT
from whyrst.lab.truth import WHERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS = (*WHERE, "all")
INTRODUCTION = """\
Made by `make accuracy` on Linux {kernel}, seeds {seeds}. Every scenario of the lab runs with the real kernel and real
programs; the truth comes from what the scenario did. A verdict is right when its cause is the true one, or one that the
wire cannot tell apart from it at that point of capture."""
ORIGINS = """\
Where a reset was made: at an end, or between which two captures. Right is the narrowest answer that the captures allow.
"Unknown" is right only where no capture can tell: the reset comes from beyond all of them, or the capture that had to
show it, or its absence, lost packets. A cause is right here when it is right at every point of capture, except where
packets were lost."""
TRACED = """\
The same runs, traced: what the kernel of the sender, or of the receiver, told while they went on, without a capture. A
verdict is made half a second after its reset. It is right when its cause is the true one, one that is right in a
capture at the sender, or one that the scenario names because a kernel sees how a reset came about and not always why.
"Unseen" are resets that left a host without its TCP, from a packet filter or a forger's raw socket. Of a reset that it
receives, a kernel tells that a socket took it, and no more than a capture of that end shows; where its sender is on the
same host, as in the lab, the sender's event tells why, too."""
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
    single = [o for o in outcomes if o.where in WHERE]
    plain = [o for o in outcomes if o.where in COLUMNS]
    parts = [
        "# Accuracy",
        INTRODUCTION.format(kernel=kernel, seeds=", ".join(map(str, seeds))),
        "## By point of capture",
        'Each point alone, and "all": the three captures compared.',
        table(("point", "right"), [(point, share) for point, share in shares(plain, lambda o: o.where).items()]),
        "## By confidence",
        table(
            ("confidence", "right", "goal"),
            [
                (name, share, f"{GOALS[str(name)]} %" if name in GOALS else "")
                for name, share in shares(single, lambda o: o.confidence).items()
            ],
        ),
        "## Captures compared",
        ORIGINS,
        _by_way(outcomes),
        *_wrong_origins(outcomes),
        *_live(outcomes),
        "## By scenario",
        _by_scenario(plain),
        "## What was taken for what",
        _confusion(single),
    ]
    return "\n\n".join(parts) + "\n"


def _by_way(outcomes: list[Outcome]) -> str:
    """Origins, causes and certain causes of each way to compare."""
    rows = []
    for way in WAYS:
        these = [o for o in outcomes if o.where == way.name]
        placed = [o for o in these if o.origin_right is not None]
        unknown = sum(o.origin_said == "unknown" for o in placed)
        if these:
            origin = Share(sum(bool(o.origin_right) for o in placed), len(placed))
            sure = [o for o in these if o.confidence == "certain"]
            rows.append((way.title, origin, unknown, _share(these), _share(sure)))
    return table(("captures", "origin right", "origin unknown", "cause right", "certain and right"), rows)


def _live(outcomes: list[Outcome]) -> tuple[str, ...]:
    """Verdicts of the traced runs, by the side that told."""
    rows = []
    for side in LIVE:
        these = [o for o in outcomes if o.where == side]
        sure = [o for o in these if o.confidence == "certain"]
        exact = Share(sum(o.said == o.cause for o in these), len(these))
        rows.append((side, _share(these), exact, _share(sure)))
    if not any(o.where in LIVE for o in outcomes):
        return ()
    wrong = Counter((o.scenario, o.cause, o.said, o.confidence) for o in outcomes if o.where == SENT and not o.right)
    head = ("scenario", "truth", "verdict", "confidence", "times")
    listed = (
        table(head, [(*key, count) for key, count in sorted(wrong.items())])
        if wrong
        else "Of those sent, all are right."
    )
    return ("## Live", TRACED, table(("resets", "right", "the true cause itself", "certain and right"), rows), listed)


def _share(outcomes: list[Outcome]) -> Share:
    return Share(sum(o.right for o in outcomes), len(outcomes))


def _wrong_origins(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    wrong = Counter((o.scenario, o.where, o.origin, o.origin_said) for o in outcomes if o.origin_right is False)
    if not wrong:
        return ("No origin was wrong.",)
    rows = [(*key, count) for key, count in sorted(wrong.items(), key=lambda item: -item[1])]
    return "### Wrong origins", table(("scenario", "captures", "made at", "verdict", "times"), rows)


def _by_scenario(outcomes: list[Outcome]) -> str:
    names = sorted({o.scenario for o in outcomes})
    found = shares(outcomes, lambda o: (o.scenario, o.where))
    return table(
        ("scenario", *COLUMNS),
        [
            (name, *(f"{s.right}/{s.all}" if (s := found.get((name, point))) else "-" for point in COLUMNS))
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
