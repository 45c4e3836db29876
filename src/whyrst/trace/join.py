"""Recorded kernel events beside a capture: which event belongs to which reset.

Addresses, ports and sequence number name a reset; time only tells equal ones apart, and only by their order: the clocks
of the traced host and of the capture may differ. Of a reset whose sender and receiver were both traced, the sender's
event counts: it knows why.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from whyrst.fast.layout import Seg
from whyrst.resets.text import endpoint
from whyrst.trace.known import form, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt

    from whyrst.kernel.event import KernelEvent

    Key = tuple[str, str, tuple[int, int] | None]

NEAR = 60_000_000_000
"""How far, in ns, an event whose numbers are not known may be from its reset: addresses and ports are used again."""
RANK = ("sent", "received", "dropped", "unseen")
"""Kinds of events, the best witness first."""


class Join:
    """Events that wait for their resets.

    Args:
        events: of one host or several, in any order.

    Attributes:
        count: events that can be matched.
        matched: resets that got theirs.
    """

    def __init__(self, events: Iterable[KernelEvent]) -> None:
        waiting: defaultdict[Key, list[KernelEvent]] = defaultdict(list)
        self.count = self.matched = 0
        for event in events:
            shape = form(event)
            if shape is not None:
                waiting[shape.source, shape.target, shape.numbers].append(event)
                self.count += 1
        self._waiting = {key: _best(found) for key, found in waiting.items()}

    def of(self, cells: npt.NDArray[np.int64]) -> tuple[KernelEvent | None, ...]:
        """The event of each reset; None where none is known. Each event is given once.

        Args:
            cells: resets as columns, in the order of the capture.
        """
        ends = (Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT, Seg.DST_HI, Seg.DST_LO, Seg.DPORT)
        names = (*ends, Seg.SEQ, Seg.ACK, Seg.TIME)
        found = tuple(self._take(*row) for row in cells[list(names)].T.tolist())
        self.matched += sum(event is not None for event in found)
        return found

    def _take(self, *row: int) -> KernelEvent | None:
        source, target = endpoint(*row[:3]), endpoint(*row[3:6])
        waiting = self._waiting.get((source, target, numbers(row[6], row[7])))
        if waiting:
            return waiting.popleft()
        unnumbered = self._waiting.get((source, target, None), deque())
        while unnumbered and unnumbered[0].time < row[8] - NEAR:
            unnumbered.popleft()
        return unnumbered.popleft() if unnumbered and unnumbered[0].time < row[8] + NEAR else None


def _best(events: list[KernelEvent]) -> deque[KernelEvent]:
    """Events of the best kind, in order of time: those of another kind are about the same resets."""
    kind = min((event.kind for event in events), key=RANK.index)
    return deque(sorted((event for event in events if event.kind == kind), key=lambda event: event.time))
