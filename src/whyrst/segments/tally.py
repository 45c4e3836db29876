"""The account of packets: each one read gave a segment or was skipped for one reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from whyrst.fast.layout import Skip


@dataclass(slots=True)
class Tally:
    """What became of the packets of one or more captures.

    Attributes:
        read: Packet records found.
        decoded: Packets that gave a segment.
        skips: Packets that gave none, by `Skip`; the decoding loop counts in it.
    """

    read: int = 0
    decoded: int = 0
    skips: np.ndarray[Any, np.dtype[np.int64]] = field(default_factory=lambda: np.zeros(Skip.COUNT, np.int64))

    @property
    def skipped(self) -> dict[Skip, int]:
        """Packets that gave no segment, by the reasons that occurred."""
        return {Skip(reason): count for reason, count in enumerate(self.skips.tolist()) if count}

    @property
    def adds_up(self) -> bool:
        """Whether every packet is accounted for."""
        return self.read == self.decoded + int(self.skips.sum())

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.read + other.read, self.decoded + other.decoded, self.skips + other.skips)
