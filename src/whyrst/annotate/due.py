"""The next packet that gets a comment, while a capture is copied from its first packet to its last."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NEVER = 1 << 62
"""Number of a packet that never comes."""


class Due:
    """Where the copying must stop next.

    Attributes:
        frame: number of the next packet with comments, `NEVER` after the last.
        comments: what to say there.
    """

    def __init__(self, notes: Iterable[tuple[int, list[str]]]) -> None:
        """Take the first of comments that are sorted by the packets' numbers."""
        self._notes = iter(notes)
        self.frame = 0
        self.comments: list[str] = []
        self.advance()

    def advance(self) -> None:
        """Go on to the next packet."""
        self.frame, self.comments = next(self._notes, (NEVER, []))
