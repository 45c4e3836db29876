"""How many resets of which cause: those that were judged, and those that the kernel only counted.

In a storm the kernel hands over a part of the events and counts all of them by shape (`trace.shape`). What was not
handed over is divided among the outcomes that the same shape had where it was. While a shape has one outcome, the
result is exact; otherwise it is an estimate, and marked as one. Counts never fall, so they can be metrics.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whyrst.kernel.tracer import Shape

PROCESSES = 200
"""Names of processes that are told apart; a process may give itself any name."""
OTHER = "other"
PEERS = 1000
"""Peers that are remembered when there are too many; twice as many at the most."""


class Outcome(NamedTuple):
    """What a reset turned out to be."""

    cause: str
    mechanism: str
    kind: str
    process: str


@dataclass
class _Share:
    """What became of the resets of one shape."""

    delivered: int = 0
    divided: int = 0
    """Resets that were not handed over, and are divided among the outcomes."""
    outcomes: Counter[Outcome | None] = field(default_factory=Counter)
    """None: not among what the user selected."""


NOTHING = _Share()


class Counts:
    """Counts outcomes, those of resets that were not handed over included."""

    def __init__(self) -> None:
        self._shares: dict[Shape, _Share] = {}
        self._counts: dict[Outcome, float] = {}
        self._estimated: dict[str, set[str]] = {name: set() for name in Outcome._fields}
        self._processes: set[str] = set()
        self._before: Mapping[Shape, int] = {}

    def outcome(self, cause: str, mechanism: str, kind: str, process: str) -> Outcome:
        """An outcome; of too many names of processes, further ones are `OTHER`."""
        if process not in self._processes:
            if len(self._processes) >= PROCESSES:
                process = OTHER
            else:
                self._processes.add(process)
        return Outcome(cause, mechanism, kind, process)

    def deliver(self, shape: Shape) -> None:
        """The kernel handed over an event; it is judged later."""
        self._share(shape).delivered += 1

    def judge(self, shape: Shape, outcome: Outcome | None) -> None:
        """It was judged, or is not wanted (None)."""
        self._share(shape).outcomes[outcome] += 1
        if outcome is not None:
            self._counts[outcome] = self._counts.get(outcome, 0) + 1

    def kernel(self, shapes: Mapping[Shape, int]) -> None:
        """Take the kernel's counts. Those of the call before are used: what they count was handed over since, or never.

        Call it after the events were read, and only between reads.
        """
        for shape, seen in self._before.items():
            share = self._share(shape)
            missing = seen - share.delivered - share.divided
            whole = share.outcomes.total()
            if missing <= 0 or not whole:
                continue
            share.divided += missing
            for outcome, count in share.outcomes.items():
                if outcome is not None:
                    self._counts[outcome] = self._counts.get(outcome, 0) + missing * count / whole
            self._mark(share.outcomes)
        self._before = shapes

    def _mark(self, outcomes: Mapping[Outcome | None, int]) -> None:
        """What the outcomes of one shape do not share was estimated."""
        for field_name, marked in self._estimated.items():
            values = {str(getattr(outcome, field_name)) for outcome in outcomes if outcome is not None}
            if len(values) > 1 or None in outcomes:
                marked.update(values)

    @property
    def unjudged(self) -> int:
        """Resets that the kernel counted, and of whose shape no event was handed over."""
        shares = ((seen, self._shares.get(shape, NOTHING)) for shape, seen in self._before.items())
        return sum(max(seen - s.delivered - s.divided, 0) for seen, s in shares if not s.outcomes)

    def items(self) -> Iterator[tuple[Outcome, float]]:
        """Outcomes and how often they came."""
        yield from list(self._counts.items())  # a copy: the metrics are read by another thread

    def by(self, field_name: str) -> list[tuple[str, int, bool]]:
        """Counts by a field of the outcome, the most frequent first.

        Returns:
            Value, count, and whether it is an estimate.
        """
        totals: dict[str, float] = {}
        guessed = self._estimated[field_name]
        for outcome, count in self.items():
            value = getattr(outcome, field_name)
            totals[value] = totals.get(value, 0) + count
        ordered = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
        return [(value, round(count), value in guessed) for value, count in ordered]

    def _share(self, shape: Shape) -> _Share:
        found = self._shares.get(shape)
        if found is None:
            found = self._shares[shape] = _Share()
        return found


class Frequent:
    """Counts names in bounded memory: when there are too many, the rarest are forgotten.

    Attributes:
        crowded: some were forgotten, so a count may be too low.
    """

    def __init__(self, limit: int = PEERS) -> None:
        self._limit = limit
        self._counts: dict[str, int] = {}
        self.crowded = False

    def add(self, name: str) -> None:
        """Count one."""
        self._counts[name] = self._counts.get(name, 0) + 1
        if len(self._counts) > 2 * self._limit:
            self.crowded = True
            self._counts = dict(self.top(self._limit))

    def top(self, number: int) -> list[tuple[str, int]]:
        """The most frequent, with their counts."""
        return sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))[:number]

    def __len__(self) -> int:
        return len(self._counts)
