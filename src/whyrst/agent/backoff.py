"""How long to wait before the next attempt: longer each time, and never in step with other hosts."""

from __future__ import annotations

import random

FIRST, LAST = 0.5, 60.0
LONGEST_WISH = 900.0
"""Seconds that a receiver can ask for; a wish for more is taken as this."""


class Backoff:
    """Waiting times of an outage, each drawn between half and the whole of a time that doubles."""

    def __init__(self) -> None:
        self._most = FIRST

    def reset(self) -> None:
        """It works again."""
        self._most = FIRST

    def next(self, wish: float = 0.0) -> float:
        """Seconds to wait.

        Args:
            wish: seconds that the receiver asked for, which is never undercut.
        """
        wait = self._most * random.uniform(0.5, 1)  # noqa: S311 - nothing secret
        self._most = min(self._most * 2, LAST)
        return min(max(wish, 0.0), LONGEST_WISH) + wait if wish > 0 else wait
