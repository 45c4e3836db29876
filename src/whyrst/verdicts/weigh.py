"""From signs to probabilities: the only place where the words of a judge have numbers.

Every cause starts equal. Its signs add up as log-odds, and a softmax over all causes, with `undetermined` as one
that needs no evidence, gives probabilities. The numbers are chosen so that

- one deciding sign with its needed facts beats any number of hints,
- a cause whose needed facts merely hold stays below `likely`,
- a needed fact that the capture cannot show keeps a cause from being certain, however well the rest fits.

How often each degree of confidence is right is measured on the lab's scenarios (docs/accuracy.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whyrst.causes import judges

if TYPE_CHECKING:
    import numpy.typing as npt

    from whyrst.causes.evidence import Sign
    from whyrst.resets.columns import Resets
    from whyrst.resets.facts import Mask

    Floats = npt.NDArray[np.float32]

START = -2.0
BASELINE = 0.5
"""Score of `undetermined`."""
IMPOSSIBLE = -1e9

HOLDS = {"needed": 0.7, "decides": 4.0, "supports": 1.5, "hints": 0.5, "doubts": -0.7, "refutes": -2.0}
"""What a sign adds where its fact holds."""
FAILS = {"needed": IMPOSSIBLE, "decides": -0.7, "supports": -0.4, "hints": -0.15, "doubts": 0.1, "refutes": 0.2}
"""What it adds where its fact does not hold."""
UNKNOWN = {"needed": -1.5}
"""What it adds where the capture cannot tell."""

FATAL = frozenset({"needed", "excludes"})
PROVEN = 14.0
"""Score of a cause that somebody saw happen, whatever its other signs say."""
SHOWN, SHOWN_MORE = 6.5, 2.0
"""Score of a cause of which somebody saw how it came about, and what each further such sign adds.

It lies above all that merely fits, and below a cause that tells why, with a deciding sign of the wire and one of the
kernel.
"""

CERTAIN, LIKELY, POSSIBLE = 0.97, 0.75, 0.35
"""Least probability for each degree of confidence."""
CONFIDENCES = ("undetermined", "possible", "likely", "certain")


class Weighed(NamedTuple):
    """The causes of a batch of resets, weighed.

    Attributes:
        ids: cause ids.
        signs: per cause, what its judge said.
        probability: shape (causes, n); rows sum up to 1 over the causes.
        cause: index of each reset's cause.
        confidence: index into CONFIDENCES.
    """

    ids: tuple[str, ...]
    signs: list[list[Sign]]
    probability: Floats
    cause: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.int8]


def _tables() -> dict[str, Floats]:
    """Per word, what to add for unknown, yes and no (a fact's value as index; -1 is the last)."""
    words = set(HOLDS) | {"excludes", "proves", "shows"}
    return {
        word: np.array(
            [UNKNOWN.get(word, 0.0), IMPOSSIBLE if word == "excludes" else HOLDS.get(word, 0.0), FAILS.get(word, 0.0)],
            dtype=np.float32,
        )
        for word in words
    }


def _whole(resets: Resets) -> Mask:
    """Where no other capture shows what this one lost: that might have said otherwise."""
    return resets.compared.whole if resets.compared is not None else np.ones(len(resets), dtype=bool)


def weigh(resets: Resets) -> Weighed:
    """Let every cause judge the resets and compare."""
    n = len(resets)
    table = _tables()
    ids = tuple(judges())
    base = ids.index("undetermined")
    score = np.full((len(ids), n), START, dtype=np.float32)
    may_be_certain = np.zeros((len(ids), n), dtype=bool)
    every: list[list[Sign]] = []
    for k, judged in enumerate(judges().values()):
        every.append([])
        if k == base:
            continue
        known = np.ones(n, dtype=bool)
        decided = np.zeros(n, dtype=bool)
        proven = np.zeros(n, dtype=bool)
        shown = np.zeros(n, dtype=np.int64)
        for sign in judged.signs(resets):
            every[k].append(sign)
            score[k] += table[sign.word].take(sign.fact.values)
            if sign.word == "needed":
                known &= sign.fact.known
            elif sign.word == "decides":
                decided |= sign.fact.yes
            elif sign.word == "proves":
                proven |= sign.fact.yes
            elif sign.word == "shows":
                shown += sign.fact.yes
            if sign.word in FATAL and not resets.witnessed and score[k].max() < IMPOSSIBLE / 2:
                break  # impossible for all: the judge need not look any further
        may_be_certain[k] = (known & (decided | (shown > 0))) | proven
        if resets.witnessed:
            score[k] = np.where(shown > 0, SHOWN + SHOWN_MORE * (shown - 1), score[k])
            score[k] = np.where(proven, PROVEN, score[k])
    score[base] = BASELINE
    alive = np.flatnonzero(score.max(axis=1) > IMPOSSIBLE / 2)
    odds = np.exp(score[alive] - score.max(axis=0))
    odds /= odds.sum(axis=0)
    first = odds.argmax(axis=0)
    best, cause = odds[first, np.arange(n)], alive[first]
    sure = may_be_certain[cause, np.arange(n)] & _whole(resets)
    probability = np.zeros_like(score)
    probability[alive] = odds
    confidence = np.select([(best >= CERTAIN) & sure, best >= LIKELY, best >= POSSIBLE], [3, 2, 1], 0)
    cause = np.where(confidence == 0, base, cause)
    confidence = np.where(cause == base, 0, confidence)
    return Weighed(ids, every, probability, cause, confidence.astype(np.int8))
