"""Captures of the same traffic, taken at several places, as one source of verdicts."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.analysis import Report, analyze
from whyrst.capture.errors import STDIN, CaptureError
from whyrst.capture.filter import Filter
from whyrst.compare.alignment import Alignment, align
from whyrst.compare.pairing import HOWS
from whyrst.compare.place import CompareError, Pair, Place, View
from whyrst.fast.layout import Seg
from whyrst.fast.tables import Glob
from whyrst.resets.columns import Resets
from whyrst.resets.text import endpoint
from whyrst.verdicts.judged import Judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whyrst.connections.tracker import Tracker
    from whyrst.model import Quality, Verdict
    from whyrst.reports.vantages import Passage
    from whyrst.segments.read import Batch, Capture, Series

    Progress = Callable[[int, int | None], None]


class _OnOneClock:
    """A series whose times are those of the common clock."""

    def __init__(self, series: Series, aligned: Alignment) -> None:
        self._series, self._aligned = series, aligned

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._series:
            clock = self._aligned.clocks[batch.capture.number]
            times = batch.rows[:, Seg.TIME]
            if clock.slope:
                times += clock.offset + np.rint((times - clock.origin) * clock.slope).astype(np.int64)
            elif clock.offset:
                times += clock.offset
            yield batch

    @property
    def captures(self) -> list[Capture]:
        return self._series.captures


class Comparison(Report):
    """What several captures say together. Iterate `batches()` or `verdicts` once; then `incidents` is complete.

    Resets come one capture after the other, all times on the clock of the first one named; a reset that several
    captures show is judged once, at the place nearest to where it was made.
    """

    def __init__(
        self, paths: tuple[str, ...], expression: str | None, fixed: Mapping[int, str], progress: Progress | None
    ) -> None:
        super().__init__(paths, _filter(expression), progress, join=False)
        self._aligned = align(paths, lambda: _filter(expression), fixed, progress)

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
    def qualities(self) -> tuple[Quality, ...]:
        """How far each capture can be trusted, in the order of `places`."""
        found = []
        for c in self._aligned.path:
            report = analyze(self._paths[c])
            for _ in report.batches():
                pass
            found.append(report.quality)
        return tuple(found)

    @property
    def kinds(self) -> dict[str, int]:
        """How many connections were found in two captures, by what happened to them on the way."""
        codes = np.concatenate([pairs.how for pairs in self._aligned.pairs.values()])
        return dict(zip(HOWS, np.bincount(codes, minlength=len(HOWS)).tolist(), strict=True))

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

    def _follow(self, series: Any) -> Iterator[Judged]:
        return super()._follow(_OnOneClock(series, self._aligned))  # type: ignore[arg-type]

    def _judge(self, cells: Any, tracker: Tracker, series: Any) -> Iterator[Judged]:
        c = series.captures[0].number
        frames = cells[Seg.FRAME].tolist()
        here = [k for k, frame in enumerate(frames) if frame not in self._aligned.elsewhere[c]]
        if not here:
            return
        lines = min(int(tracker.g[Glob.LINES]), tracker.log.shape[1])
        told = self._aligned.origins(c, [frames[k] for k in here])
        origins = tuple(told.get(frames[k]) for k in here)
        mine = np.ascontiguousarray(cells[:, here])
        names = (self._paths[c],)
        resets = Resets(mine, tracker.log, lines, tracker.names, tracker.payloads, names, tracker.g, origins=origins)
        judged = Judged(resets)
        self._gatherer.take(judged)
        yield judged


def compare(
    paths: Iterable[str | os.PathLike[str]],
    *,
    filter: str | None = None,  # noqa: A002 - the word that every capture tool has for it
    names: Mapping[str, str | os.PathLike[str]] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Find out where resets were made, from captures of the same traffic taken at several places.

    Args:
        paths: the captures, at least two, in any order.
        filter: libpcap expression; other packets are left out.
        names: place -> capture ("client" -> "a.pcap"), where it is known better than the captures tell.
        progress: called with (bytes read, bytes in all or None).

    Raises:
        CompareError: fewer than two captures, or captures that do not belong together.
        whyrst.capture.filter.FilterError: the filter is not valid, or libpcap is missing.
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
    return Comparison(files, filter, fixed, progress)


def _filter(expression: str | None) -> Filter | None:
    return Filter(expression) if expression is not None else None
