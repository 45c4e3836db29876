"""Reads and decodes a series in a thread of its own, a few batches ahead of whoever follows its segments."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from whyrst.capture.ahead import Ahead
from whyrst.fast.layout import LONGEST_NAME
from whyrst.fast.select import payload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whyrst.segments.read import Batch, Series

MOST = 2
"""Batches that are made ahead at most."""

BATCH = 8192
"""Packets of a batch at most: usually all that were read at once. The threads meet between batches, which costs them
more than rows that the processor's nearest cache does not hold."""


def ahead(series: Series, keep: int) -> Ahead[Batch]:
    """The batches of a series, for one who looks at nothing of their payload but names and what resets carry.

    Args:
        series: Not iterated before.
        keep: Payload bytes of a reset that are wanted at most.
    """
    series.in_turn, series.most = MOST + 1, BATCH
    return Ahead(_detached(series, keep), MOST)


def _detached(series: Series, keep: int) -> Iterator[Batch]:
    """Batches with a small buffer of their own, since the reader's is filled anew while they wait."""
    most = series.most * (keep + LONGEST_NAME)
    for batch, room in zip(series, cycle(memoryview(bytearray(most)) for _ in range(MOST + 1)), strict=False):
        used = payload.detach(batch.buffer, batch.rows.data, len(batch.rows), room, keep)
        yield batch._replace(buffer=room[:used])
