"""Captures of the same traffic, taken at several places, as one source of verdicts."""

from __future__ import annotations

import os
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.analysis import COUNTERS, Report, processors, worth_threads
from whyrst.capture.errors import STDIN, CaptureError
from whyrst.compare.alignment import align
from whyrst.compare.crowd import one_of_many
from whyrst.compare.pairing import HOWS
from whyrst.compare.place import CompareError, Pair, Place, View
from whyrst.compare.reading import OnOneClock
from whyrst.connections.following import Following
from whyrst.fast.layout import Seg
from whyrst.fast.tables import Glob
from whyrst.resets.columns import Resets
from whyrst.resets.text import endpoint
from whyrst.segments.read import read
from whyrst.verdicts.judged import Judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whyrst.capture.filter import Filter
    from whyrst.compare.reading import Followed
    from whyrst.connections.ripe import Ripe
    from whyrst.model import Origin, Verdict
    from whyrst.reports.vantages import Passage

    Progress = Callable[[int, int | None], None]


class Comparison(Report):
    """What several captures say together. Iterate `batches()` or `verdicts` once; then `incidents` is complete.

    Resets come one capture after the other, all times on the clock of the first one named; a reset that several
    captures show is judged once, at the place nearest to where it was made.
    """

    def __init__(
        self,
        paths: tuple[str, ...],
        only: Filter | None,
        fixed: Mapping[int, str],
        progress: Progress | None,
        jobs: int = 1,
    ) -> None:
        super().__init__(paths, only, progress, join=False)
        self._aligned = align(paths, self._only, fixed, progress, jobs if worth_threads(list(paths)) else 1)

    def batches(self) -> Iterator[Judged]:
        """Judged resets, batch after batch, one capture after the other.

        Raises:
            RuntimeError: the comparison was iterated before.
        """
        if self._started:
            raise RuntimeError("a comparison can be iterated once only; compare again, or keep list(report.verdicts)")
        self._started = True
        for c, reading in enumerate(self._aligned.readings):
            self._series.append(reading.series)
            followed = reading.followed
            if followed is None:
                again = next(islice(read(self._paths, only=self._only, progress=self._progress), c, None))
                told = OnOneClock(again, self._aligned.clocks[c])
                yield from self._judged(Following(told, threads=False))  # type: ignore[arg-type]
                continue
            for name, cell in COUNTERS.items():
                self._totals[name] += int(followed.g[cell])
            for cells in followed.resets:
                yield from self._judge(cells, followed, reading.series)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where the captures were taken, from the client to the server."""
        found = []
        for c in self._aligned.path:
            clock = self._aligned.clocks[c]
            found.append(
                Place(
                    self._paths[c],
                    self._aligned.places[c],
                    clock.offset if clock.known else None,
                    clock.slope * 1e6,
                    clock.uncertainty if clock.known else None,
                )
            )
        return tuple(found)

    @property
    def reference(self) -> str:
        """The capture whose clock all times are told by: the one named first."""
        return self._paths[0]

    def passages(self, verdict: Verdict) -> list[Passage]:
        """The segments around a reset as all places show them, for `reports.vantages`."""
        from whyrst.compare.picture import passages

        return passages(self._aligned, self._paths.index(verdict.capture), verdict.frame)

    @property
    def kinds(self) -> dict[str, int]:
        """How many connections were found in two captures, by what happened to them on the way."""
        codes = np.concatenate([pairs.how for pairs in self._aligned.pairs.values()])
        return dict(zip(HOWS, np.bincount(codes, minlength=len(HOWS)).tolist(), strict=True))

    @property
    def untraced(self) -> int:
        """How many resets were not traced from all places, since too many connections have some."""
        return self._aligned.rest

    def pairs(self) -> tuple[Pair, ...]:
        """Connections that were found in more than one capture, as the captures show them."""
        found = []
        for (a, b), pairs in self._aligned.pairs.items():
            ordered = sorted((a, b), key=self._aligned.path.index)
            for left, right, how in zip(*(column.tolist() for column in pairs), strict=True):
                rows = {a: left, b: right}
                found.append(Pair(tuple(self._view(c, rows[c]) for c in ordered), HOWS[how]))  # type: ignore[arg-type]
        return tuple(found)

    def _view(self, c: int, row: int) -> View:
        table = self._aligned.tables[c]
        ends = [endpoint(*(int(table.address[end, k, row]) for k in range(3))) for end in (0, 1)]
        return View(self._paths[c], ends[0], ends[1], self._aligned.clocks[c].common(int(table.time[row])))

    def _judge(self, cells: Any, tracker: Ripe | Followed, series: Any) -> Iterator[Judged]:
        c = series.captures[0].number
        here = np.flatnonzero(~self._aligned.told_elsewhere(c, cells[Seg.FRAME]))
        if len(here) == 0:
            return
        lines = min(int(tracker.g[Glob.LINES]), tracker.log.shape[1])
        mine = cells if len(here) == cells.shape[1] else np.ascontiguousarray(cells[:, here])
        origins = tuple(self._origins(c, mine))
        names = (self._paths[c],)
        resets = Resets(mine, tracker.log, lines, tracker.names, tracker.payloads, names, tracker.g, origins=origins)
        judged = Judged(resets)
        self._gatherer.take(judged)
        yield judged

    def _origins(self, c: int, cells: Any) -> Iterator[Origin | None]:
        """Where each of these resets of a capture was made."""
        told = self._aligned.origins(c, cells[Seg.FRAME].tolist())
        for k, frame in enumerate(cells[Seg.FRAME].tolist()):
            if frame in told or not self._aligned.rest:
                yield told.get(frame)
            else:
                yield one_of_many(cells[:, k], self._paths[c], self._aligned.places[c])


def compare(
    paths: Iterable[str | os.PathLike[str]],
    *,
    filter: str | None = None,  # noqa: A002 - the word that every capture tool has for it
    names: Mapping[str, str | os.PathLike[str]] | None = None,
    progress: Progress | None = None,
    jobs: int | None = None,
) -> Comparison:
    """Find out where resets were made, from captures of the same traffic taken at several places.

    Args:
        paths: the captures, at least two, in any order.
        filter: libpcap expression; other packets are left out.
        names: place -> capture ("client" -> "a.pcap"), where it is known better than the captures tell.
        progress: called with (bytes read, bytes in all or None).
        jobs: threads that work at the same time at most; None for as many as there are processors. What is found does
            not depend on it.

    Raises:
        CompareError: fewer than two captures, or captures that do not belong together.
        whyrst.capture.errors.FilterError: the filter is not valid, or libpcap is missing.
        whyrst.capture.errors.CaptureError: a capture cannot be read.
    """
    files = tuple(os.fspath(path) for path in paths)
    if len(files) < 2:  # noqa: PLR2004 - one capture has nothing to be compared with
        raise CompareError("comparing takes two captures or more; whyrst analyze is for one")
    fixed: dict[int, str] = {}
    for place, name in (names or {}).items():
        if os.fspath(name) not in files:
            raise CompareError(f"{place} is said to be {os.fspath(name)}, which is not among the captures")
        fixed[files.index(os.fspath(name))] = place
    for path in files:
        if not os.path.isfile(path):  # noqa: PTH113 - names may be no UTF-8
            there = path == STDIN or os.path.exists(path)  # noqa: PTH110 - same
            twice = "it is read more than once, so it must be a file"
            raise CaptureError(path, 0, twice if there else "cannot be opened: No such file or directory")
    only = None
    if filter is not None:
        from whyrst.capture.filter import Filter

        only = Filter(filter)
    return Comparison(files, only, fixed, progress, processors() if jobs is None else jobs)
