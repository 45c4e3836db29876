"""Events of a capture as columns, each put together when it is asked for: whole tables would only fill memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Cells = np.ndarray[Any, np.dtype[np.int64]]
    Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Events:
    """Rows whose columns are read as `events[cell]`.

    Args:
        size: how many rows.
        column: makes a column.
    """

    def __init__(self, size: int, column: Callable[[int], Cells]) -> None:
        self._size = size
        self._column = column
        self._made: dict[int, Cells] = {}

    @classmethod
    def of(cls, parts: Sequence[Cells]) -> Events:
        """Rows that stand in several tables, one after the other."""

        def column(cell: int) -> Cells:
            return np.concatenate([part[:, cell] for part in parts]) if parts else np.zeros(0, dtype=np.int64)

        return cls(sum(len(part) for part in parts), column)

    @classmethod
    def joined(cls, several: Sequence[Events]) -> Events:
        """The rows of several, one after the other."""
        return cls(sum(len(one) for one in several), lambda cell: np.concatenate([one[cell] for one in several]))

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, cell: int) -> Cells:
        if cell not in self._made:
            self._made[cell] = self._column(cell)
        return self._made[cell]

    def take(self, which: Cells | Mask) -> Events:
        """Some of the rows, by number, or by a mask."""
        at = np.flatnonzero(which) if which.dtype == np.bool_ else which
        return Events(len(at), lambda cell: self[cell][at])
