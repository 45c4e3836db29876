"""Live resets in the history: written to the database every second, as a capture without packets."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whyrst.serve.store import Store

MOST = 100_000
"""Live resets that are kept of one run; the oldest go."""


class Journal:
    """Keeps live verdicts.

    Args:
        store: where.
        most: how many.
    """

    def __init__(self, store: Store, most: int = MOST) -> None:
        self._store = store
        self._most = most
        self._id: str | None = None
        self._next = 1
        self._busy = threading.Lock()

    def keep(self, verdicts: list[dict[str, Any]]) -> None:
        """Write verdicts, in the order of their coming; the first of a run, or after a deletion, begins a capture."""
        with self._busy:
            try:
                self._put(verdicts)
            except sqlite3.IntegrityError:  # somebody deleted it
                self._id = None
                self._put(verdicts)

    def end(self) -> None:
        """No more come."""
        with self._busy:
            if self._id is not None:
                self._store.end(self._id, "done")

    def _put(self, verdicts: list[dict[str, Any]]) -> None:
        if self._id is None:
            name = f"live since {datetime.now(UTC):%Y-%m-%d %H:%M}Z"
            self._id = self._store.add([name], [], 0, uploaded=False, state="live").id
            self._next = 1
        self._next += self._store.put(self._id, self._next, verdicts)
        self._store.trim(self._id, self._next - self._most)
