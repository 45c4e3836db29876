"""The analysis of captures, from their bytes to verdicts; the command line is a thin user of it.

Everything streams: a report can be iterated once, and holds no more than the tracker's bounded tables.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from whyrst.capture.errors import CaptureError
from whyrst.connections.following import Following
from whyrst.fast.tables import Glob
from whyrst.segments.read import read, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whyrst.capture.filter import Filter
    from whyrst.connections.ripe import Ripe
    from whyrst.incidents.gather import Gatherer
    from whyrst.kernel.event import KernelEvent
    from whyrst.model import Incident, Quality, Verdict
    from whyrst.segments.read import Series
    from whyrst.trace.join import Join
    from whyrst.verdicts.judged import Judged

    Progress = Callable[[int, int | None], None]

COUNTERS = {
    "connections": Glob.STREAMS,
    "resets": Glob.RESETS,
    "copies": Glob.COPIES,
    "cut": Glob.CUT,
    "offload": Glob.OFFLOAD,
    "bad_checksums": Glob.BAD_CHECKSUM,
    "without_handshake": Glob.NO_HANDSHAKE,
    "one_sided": Glob.ONE_SIDED,
    "missing": Glob.MISSING,
    "backwards": Glob.BACKWARDS,
    "evicted": Glob.EVICTED,
}
"""Fields of `Quality` that the tracker counts."""


LARGE = 4 << 20
"""Bytes of captures from which on threads read and follow them while others judge."""


class _Told:
    """Progress that is told at once, or, once `wait` was called, when the caller's thread comes by."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._waits = False
        self._noted: tuple[int, int | None] | None = None
        self._told: tuple[int, int | None] | None = None

    def __call__(self, done: int, total: int | None) -> None:
        self._noted = (done, total)
        if not self._waits:
            self.tell()

    def wait(self) -> None:
        """Note from now on what other threads tell."""
        self._waits = True

    def tell(self) -> None:
        """Tell what was noted."""
        noted = self._noted
        if noted is not None and noted is not self._told:
            self._told = noted
            self._progress(*noted)


class Report:
    """What an analysis found. Iterate `batches()` or `verdicts` once; then `incidents` and `quality` are complete.

    Attributes:
        errors: captures that could not be read at all.
    """

    def __init__(
        self,
        paths: tuple[str, ...],
        only: Filter | None,
        progress: Progress | None,
        *,
        join: bool,
        events: Join | None = None,
        jobs: int = 1,
    ) -> None:
        self._paths = paths
        self._only = only
        self._join = join
        self._progress = _Told(progress) if progress is not None else None
        self._events = events
        self._jobs = jobs
        self._series: list[Series] = []
        self._totals = dict.fromkeys(COUNTERS, 0)
        self._started = False
        self.errors: list[CaptureError] = []

    def batches(self) -> Iterator[Judged]:
        """Judged resets, batch after batch, in the order of the capture.

        A batch looks into the tracker's memory: it is valid until the next one is asked for.

        A capture that cannot be read is passed over and noted in `errors`.

        Raises:
            RuntimeError: the report was iterated before.
            whyrst.capture.errors.CaptureError: none of the captures can be read.
        """
        if self._started:
            raise RuntimeError("a report can be iterated once only; analyze again, or keep list(report.verdicts)")
        self._started = True
        for following in self._followings():
            errors = following.series.errors
            try:
                yield from self._judged(following)
            except CaptureError:
                if not errors:
                    raise
            self.errors += errors
        if self.errors and not any(series.captures for series in self._series):
            raise self.errors[0]

    @property
    def verdicts(self) -> Iterator[Verdict]:
        """Every verdict, one at a time."""
        for judged in self.batches():
            for i in range(len(judged)):
                yield judged.verdict(i)

    @property
    def refused(self) -> dict[int, str]:
        """Link types (LINKTYPE_ numbers) for which the filter does not compile, with libpcap's reason: packets of these
        were left out."""
        return dict(self._only.refused) if self._only is not None else {}

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Incidents among what was iterated so far, the most harmful first."""
        return self._gatherer.incidents

    @property
    def quality(self) -> Quality:
        """How far the captures can be trusted, as far as they were iterated."""
        from whyrst.model import Damage, Quality
        from whyrst.resets.text import iso

        captures = [c for s in self._series for c in s.captures]
        tallies = [c.tally for c in captures]
        times = [(c.earliest, c.latest) for c in captures if c.earliest is not None and c.latest is not None]
        skipped: dict[str, int] = {}
        for tally in tallies:
            for reason, count in tally.skipped.items():
                name = reason.name.lower().replace("_", "-")
                skipped[name] = skipped.get(name, 0) + count
        return Quality(
            captures=tuple(c.path for c in captures),
            packets=sum(t.read for t in tallies),
            segments=sum(t.decoded for t in tallies),
            skipped=skipped,
            start=iso(min(t[0] for t in times)) if times else None,
            end=iso(max(t[1] for t in times)) if times else None,
            damage=tuple(Damage(d.path, d.offset, d.reason) for s in self._series for d in s.damage),
            **self._totals,
        )

    def reread(self) -> Iterator[Series]:
        """The segments of the same captures once more, for what is drawn of a few connections.

        Nothing comes when a capture is a pipe or standard input.
        """
        if all(os.path.isfile(path) for path in self._paths):  # noqa: PTH113  (names may be no UTF-8)
            return read(self._paths, only=self._only, join=self._join, progress=self._progress)
        return iter(())

    def to_dicts(self) -> list[dict[str, Any]]:
        """Every verdict as the dict that `--json` writes."""
        import msgspec

        return [msgspec.to_builtins(verdict) for verdict in self.verdicts]

    def to_arrow(self) -> Any:
        """Every verdict as a row of a pyarrow.Table (extra `arrow`)."""
        import pyarrow as pa

        return pa.Table.from_pylist(self.to_dicts())

    def to_pandas(self) -> Any:
        """Every verdict as a row of a pandas.DataFrame, nested fields as columns a.b (extra `pandas`)."""
        import pandas as pd

        return pd.json_normalize(self.to_dicts())

    @cached_property
    def _gatherer(self) -> Gatherer:
        from whyrst.incidents.gather import Gatherer

        return Gatherer()

    def _followings(self) -> Iterator[Following]:
        """Each series, being followed."""
        for series in read(self._paths, only=self._only, join=self._join, progress=self._progress):
            self._series.append(series)
            threads = self._jobs > 1 and worth_threads(series.paths)
            tell = None
            if threads and self._progress is not None:
                self._progress.wait()
                tell = self._progress.tell
            yield Following(series, threads=threads, meanwhile=tell)

    def _judged(self, following: Following) -> Iterator[Judged]:
        """The resets of a series, judged."""
        try:
            with following:
                for one in following:
                    yield from self._judge(one.cells, one, following.series)
        finally:
            for name, cell in COUNTERS.items():
                self._totals[name] += int(following.tracker.g[cell])

    def _judge(self, cells: Any, seen: Ripe, series: Series) -> Iterator[Judged]:
        from whyrst.resets.columns import Resets
        from whyrst.verdicts.judged import Judged

        lines = min(int(seen.g[Glob.LINES]), seen.log.shape[1])
        names = tuple(c.path for c in series.captures) or ("",)
        events = self._events.of(cells) if self._events is not None else None
        resets = Resets(cells, seen.log, lines, seen.names, seen.payloads, names, seen.g, events=events)
        judged = Judged(resets)
        self._gatherer.take(judged)
        yield judged


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worth_threads(paths: list[str]) -> bool:
    """Whether captures are large enough, or of unknown size, for threads to pay off."""
    sizes = [size_of(path) for path in paths]
    return None in sizes or sum(size or 0 for size in sizes) >= LARGE


def analyze(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    filter: str | None = None,  # noqa: A002 - the word that every capture tool has for it
    join: bool = False,
    progress: Progress | None = None,
    events: Iterable[KernelEvent] | None = None,
    jobs: int | None = None,
) -> Report:
    """Find out why the connections in captures were reset.

    Args:
        paths: one capture file or several; "-" is standard input.
        filter: libpcap expression; other packets are left out.
        join: the files are one rotated capture, whose connections go on from file to file.
        progress: called with (bytes read, bytes in all or None).
        events: what a host's kernel told while the capture was made (`whyrst trace --events`); its clock may differ.
        jobs: with 1 one thread does all; with more, threads read, follow and judge captures of some size at the same
            time. None for as many as there are processors. What is found does not depend on it.

    Raises:
        whyrst.capture.errors.FilterError: the filter is not valid, or libpcap is missing.
        whyrst.capture.errors.CaptureError: while iterating: a capture cannot be read.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    only = None
    if filter is not None:
        from whyrst.capture.filter import Filter

        only = Filter(filter)
    told = None
    if events is not None:
        from whyrst.trace.join import Join

        told = Join(events)
    return Report(
        tuple(os.fspath(p) for p in paths),
        only,
        progress,
        join=join,
        events=told,
        jobs=processors() if jobs is None else jobs,
    )


__all__ = ["Report", "analyze"]
