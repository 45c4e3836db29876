"""The comments of all packets, gathered while resets are judged and given in the order of the packets.

Resets are judged in batches, and their evidence lies before and after them, so the comments must be sorted. They may
be more than memory holds: SQLite sorts them in a temporary file that nobody else can open and that vanishes.
"""

from __future__ import annotations

import sqlite3
from itertools import groupby, islice
from typing import TYPE_CHECKING, Self

from whyrst.annotate.comments import more_evidence, on_evidence, on_reset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from whyrst.model import Verdict

CACHE = 8 << 20
"""Bytes of memory that SQLite may use."""

MOST = 32
"""Comments on one packet; one more counts those left out. (One packet may be evidence for thousands of resets.)"""


class Notes:
    """Comments by frame.

    Attributes:
        resets: verdicts that were added.
    """

    def __init__(self) -> None:
        """Begin with none.

        Raises:
            sqlite3.Error: here and in all methods: the temporary file cannot be written or read.
        """
        self.resets = 0
        self._file = sqlite3.connect("", isolation_level=None)  # a name of no letters is a temporary file
        for setting in (f"cache_size=-{CACHE // 1024}", "journal_mode=OFF", "synchronous=OFF", "temp_store=FILE"):
            self._file.execute(f"PRAGMA {setting}")
        self._file.execute("CREATE TABLE note (frame INTEGER, evidence INTEGER, says TEXT)")
        self._file.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, verdict: Verdict) -> None:
        """Take the comments of one verdict."""
        self.resets += 1
        rows = [(verdict.frame, 0, on_reset(verdict))]
        rows += [(frame, 1, says) for frame, says in on_evidence(verdict)]
        self._file.executemany("INSERT INTO note VALUES (?, ?, ?)", rows)

    @property
    def frames(self) -> int:
        """Packets that have a comment."""
        return int(self._file.execute("SELECT count(DISTINCT frame) FROM note").fetchone()[0])

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Number of a packet and its comments, in the order of the packets; a verdict before evidence."""
        rows = self._file.execute("SELECT frame, says FROM note ORDER BY frame, evidence, rowid")
        for frame, group in groupby(rows, key=lambda row: row[0]):
            comments = [says for _, says in islice(group, MOST)]
            left = sum(1 for _ in group)
            yield frame, [*comments, more_evidence(left)] if left else comments
