"""Resets over time, counted by harm while they stream past, in bounded memory whatever times a capture claims."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.reports.source import HARMS

if TYPE_CHECKING:
    from whyrst.reports.source import Judged

    Counts = np.ndarray[Any, np.dtype[np.int64]]

COLUMNS = 120
"""Columns at most; when there would be more, neighbours become one."""

FINEST = 1_000_000
"""Nanoseconds of the narrowest column."""


@dataclass
class Timeline:
    """Counts of resets in equal spans of time.

    Attributes:
        width: nanoseconds of a column.
        columns: number of a column (its start divided by the width) -> resets by harm code.
    """

    width: int = FINEST
    columns: dict[int, Counts] = field(default_factory=dict)

    def add(self, judged: Judged) -> None:
        """Count a batch."""
        times, harms = judged.time, judged.harm.astype(np.int64)
        if len(times):
            while int(times.max()) // self.width - int(times.min()) // self.width >= COLUMNS:
                self._widen()
            keys, counts = np.unique(times // self.width * len(HARMS) + harms, return_counts=True)
            for key, number in zip(keys.tolist(), counts.tolist(), strict=True):
                self._column(key // len(HARMS))[key % len(HARMS)] += number
        while self.columns and max(self.columns) - min(self.columns) >= COLUMNS:
            self._widen()

    def _column(self, at: int) -> Counts:
        return self.columns.setdefault(at, np.zeros(len(HARMS), dtype=np.int64))

    def _widen(self) -> None:
        """Make each column twice as wide."""
        narrow, self.columns = self.columns, {}
        self.width *= 2
        for at, counts in narrow.items():
            self._column(at // 2)[:] += counts
