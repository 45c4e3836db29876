"""A report of only some connections: all are judged, since each tells about the others, and only these are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.reports.source import Rereadable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from whyrst.model import Incident, Quality, Verdict
    from whyrst.reports.source import Judged, Source
    from whyrst.segments.read import Series

    Rows = np.ndarray[Any, np.dtype[np.int64]]


class Chosen:
    """Passes on the resets of some connections, and the incidents that these belong to.

    Args:
        source: the report.
        community_ids: the connections.
    """

    def __init__(self, source: Source, community_ids: Collection[str]) -> None:
        self._source = source
        self._wanted = community_ids
        self._incidents: set[str] = set()

    def batches(self) -> Iterator[Judged]:
        """What is left of the batches that have such resets."""
        for judged in self._source.batches():
            rows = [row for row in range(len(judged)) if judged.community_id(row) in self._wanted]
            if rows:
                self._incidents.update(one for row in rows if (one := judged.incident[row]) is not None)
                yield Part(judged, np.array(rows))

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Those of the resets that were passed on; their counts are those of the whole capture."""
        return tuple(one for one in self._source.incidents if one.id in self._incidents)

    @property
    def quality(self) -> Quality:
        """Of the whole capture."""
        return self._source.quality

    def reread(self) -> Iterator[Series]:
        """The segments once more, if the report can."""
        return self._source.reread() if isinstance(self._source, Rereadable) else iter(())


class Part:
    """Some rows of a batch, as a batch.

    Args:
        whole: the batch.
        rows: which of its resets, in rising order.
    """

    def __init__(self, whole: Judged, rows: Rows) -> None:
        self._whole = whole
        self._rows = rows
        self.ids = whole.ids
        self.cause = whole.cause[rows]
        self.confidence = whole.confidence[rows]
        self.probability = whole.probability[rows]
        self.mechanism = whole.mechanism[rows]
        self.harm = whole.harm[rows]
        self.echo = whole.echo[rows]
        self.sender_side = whole.sender_side[rows]
        self.client_key = whole.client_key[rows]
        self.server_key = whole.server_key[rows]
        self.time = whole.time[rows]
        self.frame = whole.frame[rows]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def incident(self) -> Sequence[str | None]:
        """Id of the incident that each belongs to."""
        return [self._whole.incident[row] for row in self._rows]

    def community_id(self, row: int) -> str:
        """Community ID of the connection of one of them."""
        return self._whole.community_id(int(self._rows[row]))

    def verdict(self, row: int) -> Verdict:
        """Everything about one of them."""
        return self._whole.verdict(int(self._rows[row]))

    def ruled_out(self, row: int) -> list[tuple[str, str]]:
        """Causes that are impossible for one of them."""
        return self._whole.ruled_out(int(self._rows[row]))
