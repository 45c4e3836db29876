"""Numbers that are looked for among others: hashes of connections, segments and hosts."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from whyrst.fast.select import lookup as loop

Cells = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

SALT = int.from_bytes(os.urandom(8), "little") | 1


class Lookup:
    """Values by which their first positions are found.

    Args:
        values: any numbers.
    """

    def __init__(self, values: Cells) -> None:
        self._values = np.ascontiguousarray(values)
        self._table = _table(len(values))
        loop.enter(self._values.data, self._table.data, SALT)

    def first(self, wanted: Cells) -> Cells:
        """Where each stands first, -1 when it is not there."""
        found = np.empty(len(wanted), dtype=np.int64)
        loop.find(np.ascontiguousarray(wanted).data, self._values.data, self._table.data, SALT, found.data)
        return found

    def holds(self, wanted: Cells) -> Mask:
        """Whether each is there."""
        held: Mask = self.first(wanted) >= 0
        return held


def common(one: Cells, two: Cells) -> tuple[Cells, Cells]:
    """Positions of the values that stand exactly once in each array, in the order of these values."""
    found = np.full(len(one), -1)
    loop.match(np.ascontiguousarray(one).data, np.ascontiguousarray(two).data, _table(len(one)).data, SALT, found.data)
    at = np.flatnonzero(found >= 0)
    at = at[np.argsort(one[at])]
    return at, found[at]


def _table(values: int) -> Cells:
    """A table for so many."""
    return np.full(1 << max(2 * values - 1, 1).bit_length(), -1)
