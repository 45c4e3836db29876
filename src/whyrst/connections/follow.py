"""The states of one connection's ends, segment by segment, as the tracker itself decides them.

A ladder shows the state of each end along its line. Nothing here knows a rule: a tracker of one connection is fed one
segment at a time, and its states are read after each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whyrst.connections.states import State
from whyrst.connections.tracker import Tracker
from whyrst.fast.layout import Seg
from whyrst.fast.tables import SIDE, SIDES, Conn, Dir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.connections.tracker import Cells

RING = 16
"""Resets that may wait in this tracker; nobody asks for them."""


class Follower:
    """Follows one connection; whoever feeds it leaves all others out."""

    def __init__(self) -> None:
        self._tracker = Tracker(limit=1, keep=1, pending=RING, lines=RING)
        self._row = np.zeros((1, Seg.COUNT), dtype=np.int64)

    def after(self, cells: Sequence[int], client: tuple[int, int, int]) -> tuple[State, State]:
        """States of client and server after a segment.

        Args:
            cells: the segment, as `Seg` numbers its cells.
            client: address halves and port of the end that counts as client; which one that is, a tracker that has
                not seen the handshake must guess.
        """
        self._row[0] = cells
        self.pass_over(self._row)
        row = self._tracker.row(0)
        first, second = (State(int(row[SIDES + side * SIDE + Dir.STATE])) for side in (0, 1))
        known = (int(row[Conn.CLIENT_HI]), int(row[Conn.CLIENT_LO]), int(row[Conn.PORTS]) >> 16)
        return (first, second) if known == client else (second, first)

    def pass_over(self, rows: Cells) -> None:
        """Take in segments whose states nobody asks for; their payload is left aside, since it decides no state."""
        rows[:, [Seg.NAME_LENGTH, Seg.PAYLOAD_HAVE]] = 0
        for _ in self._tracker.feed(np.ascontiguousarray(rows), len(rows), b""):
            pass
