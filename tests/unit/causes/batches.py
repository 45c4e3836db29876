"""Batches of resets from captures, as the judges get them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import whyrst.analysis
from whyrst.verdicts.judged import Judged

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from whyrst.resets.columns import Resets


def batches(paths: list[Path], patch: pytest.MonkeyPatch) -> list[Resets]:
    """All batches of resets that an analysis of captures hands to the judges."""
    found: list[Resets] = []

    def judge(resets: Resets) -> Judged:
        # The log of an analysis is large and mostly empty; keep its filled lines only.
        log = resets.log[:, : resets.lines].copy()
        parts = resets.names, resets.payloads, resets.captures, resets.g.copy()
        found.append(type(resets)(resets.cells.copy(), log, resets.lines, *parts))
        return Judged(resets)

    patch.setattr("whyrst.verdicts.judged.Judged", judge)  # imported when the first batch comes
    for path in paths:
        list(whyrst.analysis.analyze(path).verdicts)
    return found
