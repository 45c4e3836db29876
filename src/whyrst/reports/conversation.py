"""The connections behind some verdicts, collected from the captures by a second reading: all that a ladder needs.

Every ladder, as text or as a picture, starts from the values made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.fast.layout import Seg
from whyrst.reports.numbering import numbers
from whyrst.reports.steps import Steps, endpoint, nanoseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whyrst.model import Verdict
    from whyrst.reports.ladder import Fold, Step
    from whyrst.segments.read import Series

    Rows = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Conversation:
    """The segments of one connection around one of its resets."""

    client: str
    """ip:port"""
    server: str
    items: Sequence[Step | Fold]
    reset_frame: int
    marks: Mapping[int, Sequence[int]]
    """For a frame, the numbers of the evidence that it shows."""


class Collector:
    """Picks the segments of some connections from batches of rows."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        self._wanted = [(one, _Connection(one)) for one in verdicts]
        by_ports: dict[int, list[_Connection]] = {}
        for _, connection in self._wanted:
            by_ports.setdefault(connection.ports, []).append(connection)
        self._by_ports = by_ports
        self._ports = np.array(sorted(by_ports), dtype=np.int64)

    @property
    def done(self) -> bool:
        """Whether nothing that follows can matter."""
        return all(connection.steps.done for _, connection in self._wanted)

    def take(self, rows: Rows) -> None:
        """Take in the next rows, shape (n, Seg.COUNT)."""
        sport, dport = rows[:, Seg.SPORT], rows[:, Seg.DPORT]
        ports = np.minimum(sport, dport) << 16 | np.maximum(sport, dport)
        near = np.isin(ports, self._ports)
        if near.any():
            ports, rows = ports[near], rows[near]
            for key in np.unique(ports).tolist():
                for connection in self._by_ports[key]:
                    connection.take(rows[ports == key])

    def conversations(self) -> dict[tuple[str, int], Conversation]:
        """What was collected, by capture and frame of the reset."""
        return {
            (one.capture, one.frame): Conversation(
                one.connection.client, one.connection.server, connection.steps.items(), one.frame, numbers(one)
            )
            for one, connection in self._wanted
        }


class _Connection:
    """The rows of both directions between two ends."""

    def __init__(self, verdict: Verdict) -> None:
        one, two = endpoint(verdict.connection.client), endpoint(verdict.connection.server)
        self.ports = min(one[2], two[2]) << 16 | max(one[2], two[2])
        self.steps = Steps(one, nanoseconds(verdict.connection.start), verdict.frame, numbers(verdict))
        self._ends = np.array([[*one, *two], [*two, *one]], dtype=np.int64)

    def take(self, rows: Rows) -> None:
        if not self.steps.done:
            ends = rows[:, [Seg.SRC_HI, Seg.SRC_LO, Seg.SPORT, Seg.DST_HI, Seg.DST_LO, Seg.DPORT]]
            mine = (ends[:, None, :] == self._ends).all(axis=2).any(axis=1)
            if mine.any():
                self.steps.take(rows[mine])


def collect(verdicts: Sequence[Verdict], captures: Iterable[Series]) -> dict[tuple[str, int], Conversation]:
    """The connections of some verdicts, by capture and frame of the reset.

    Args:
        verdicts: whose connections; memory grows with their number, by at most some 400 kB each.
        captures: read once more, as they were for the analysis, as far as they are needed.

    Raises:
        whyrst.capture.errors.CaptureError: a capture can no longer be read.
    """
    found: dict[tuple[str, int], Conversation] = {}
    for series in captures:
        collector = Collector([one for one in verdicts if one.capture in series.paths])
        for batch in series:
            if collector.done:
                break
            collector.take(batch.rows)
        found |= collector.conversations()
    return found
