"""The third step: follow the kept segments of one capture point, judge its resets, and write its tables.

Judging is that of `analysis.Report`, batch after batch: the same tracker, the same judges, the same incidents. What the
tracker cannot know here, because the other segments are not there, it is told: how many there were, how late it is, and
which other connections there were (`fleet.around`).
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from whyrst.connections.tracker import Tracker
from whyrst.fast.layout import Seg
from whyrst.fast.tables import Glob
from whyrst.fleet.around import Around
from whyrst.fleet.find import Found
from whyrst.fleet.keep import kept_before, wanted_path
from whyrst.fleet.merge import CAPTURE, ORDER, OTHERS, clusters, merged
from whyrst.fleet.store import note, noted, of_file, of_point
from whyrst.fleet.tables import Tables, incident_row, quality_row, verdict_row
from whyrst.incidents.gather import Gatherer
from whyrst.resets.columns import Resets
from whyrst.verdicts.judged import Judged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whyrst.resets.facts import Column

DRIFT = 1 << 10
"""Segments of others that may pass before the tracker is told of them."""


class Judgement(msgspec.Struct, frozen=True):
    """What came out for one capture point.

    Attributes:
        point: its name.
        inputs: digest of all that it was made from.
        share: which share of its verdicts; the first has the incidents and connections, too.
        resets: verdicts.
        causes: how many of each cause.
        harms: how many of each level of harm.
        incidents: how many.
        connections: those of all captures, each counted once.
        days: of the tables that were written.
    """

    point: str
    inputs: str
    share: int
    resets: int
    causes: dict[str, int]
    harms: dict[str, int]
    incidents: int
    connections: int
    days: dict[str, list[str]]


SHARE = 50_000
"""Resets from which a point's verdicts are put into words by one more task: that takes longer than all the rest."""


def shares(resets: int) -> int:
    """How many tasks judge a point with so many resets; it must not depend on the workers."""
    return 1 + resets // SHARE


def diagnose(point: str, key: str, files: Sequence[str], inputs: str, share: tuple[int, int], out: str) -> Judgement:
    """Write the tables of a capture point, or a share of them.

    Args:
        point: its name.
        key: its key.
        files: keys of its captures.
        inputs: digest of their states and of what was kept of them.
        share: which one, of how many: each judges all resets, and puts its part of each batch into words.
        out: OUT.

    Raises:
        OSError: OUT cannot be written.
    """
    series = _in_order(out, files)
    causes: Counter[str] = Counter()
    harms: Counter[str] = Counter()
    gatherer = Gatherer()
    around = Around(out, np.load(wanted_path(out, key), mmap_mode="r"))
    tracker = Tracker()
    nth, several = share
    with Tables(out, point, share) as tables:
        for judged in _judged(out, series, tracker, around):
            gatherer.take(judged)
            for i in range(len(judged) * nth // several, len(judged) * (nth + 1) // several):
                verdict = judged.verdict(i)
                causes[verdict.cause] += 1
                harms[verdict.harm.level] += 1
                tables.add("verdicts", verdict_row(verdict))
        if nth == 0:
            for incident in gatherer.incidents:
                tables.add("incidents", incident_row(incident))
            for found, _ in series:
                tables.add("quality", quality_row(found.quality))
        days = tables.publish()
    made = Judgement(
        point, inputs, nth, sum(causes.values()), dict(causes), dict(harms),
        len(gatherer.incidents) if nth == 0 else 0, around.connections(tracker) if nth == 0 else 0, days,
    )  # fmt: skip
    note(_note_path(out, key, nth), made)
    return made


def judged_before(key: str, share: int, out: str) -> Judgement | None:
    """What came out for a share of a point, from whatever captures."""
    return noted(_note_path(out, key, share), Judgement)


def _note_path(out: str, key: str, share: int) -> str:
    return os.path.join(of_point(out, key), f"judged-{share}.json")


def _in_order(out: str, files: Sequence[str]) -> list[tuple[Found, str]]:
    """What was found in the captures, and their keys, in the order of their first packets."""
    found = []
    for key in files:
        one = noted(os.path.join(of_file(out, key), "found.json"), Found)
        assert one is not None
        found.append((one, key))
    return sorted(found, key=lambda one: (one[0].unreadable, one[0].first, one[0].name))


def _judged(out: str, series: Sequence[tuple[Found, str]], tracker: Tracker, around: Around) -> Iterator[Judged]:
    """The resets of one point, in batches as one tracker of all its segments would have handed them out."""
    readable = [one for one in series if not one[0].unreadable]
    names = tuple(found.name for found, _ in readable) or ("",)
    kept = [_kept_segments(out, key) for _, key in readable]
    unseen = Unseen([found for found, _ in readable])
    latest = 0
    for cluster in clusters([found for found, _ in readable]):
        around.enter([readable[k][1] for k in cluster], latest)
        some = [(k, readable[k][1], readable[k][0].first) for k in cluster if kept[k]]
        for chunk in merged(out, some) if some else ():
            for start, end in _runs(chunk.cells, around.beats(int(chunk.cells[-1, ORDER]))):
                around.beat(tracker, int(chunk.cells[start, ORDER]))
                capture, others = (int(chunk.cells[start, cell]) for cell in (CAPTURE, OTHERS))
                rows = np.ascontiguousarray(chunk.cells[start:end, : Seg.COUNT])
                now = max(latest, int(chunk.cells[end - 1, ORDER]))
                with unseen.told(tracker, capture, others):
                    for cells in tracker.feed(rows, end - start, chunk.buffer, capture):
                        yield _judge(cells, tracker, around, names, now)
        for k in cluster:
            unseen.pass_by(k, readable[k][0].segments - kept[k])
        latest = max(latest, *(readable[k][0].latest for k in cluster))
        tracker.g[Glob.LAST_TIME] = max(int(tracker.g[Glob.LAST_TIME]), latest)
    for cells in tracker.close():
        yield _judge(cells, tracker, around, names, latest)


class Unseen:
    """Segments that were not kept: the tracker decides by shares of all segments what is a copy, and what a storm."""

    def __init__(self, files: Sequence[Found]) -> None:
        self._passed = [0] * len(files)
        self._shares = [(found.proven, max(found.segments, 1)) for found in files]
        self._segments = self._proven = 0
        """Of all files together."""

    def pass_by(self, capture: int, others: int) -> None:
        """Note how many of a file have gone by."""
        proven, segments = self._shares[capture]
        self._segments += others - self._passed[capture]
        self._proven += others * proven // segments - self._passed[capture] * proven // segments
        self._passed[capture] = others

    @contextmanager
    def told(self, tracker: Tracker, capture: int, others: int) -> Iterator[None]:
        """Count them as the tracker's own for a while, up to a place in one file."""
        self.pass_by(capture, others)
        more = (self._segments, self._proven)
        tracker.g[[Glob.SEGMENTS, Glob.PROVEN]] += more
        yield
        tracker.g[[Glob.SEGMENTS, Glob.PROVEN]] -= more


def _judge(cells: Column, tracker: Tracker, around: Around, names: tuple[str, ...], now: int) -> Judged:
    log = around.log(tracker, now)
    cells = cells.copy()
    around.number(cells)
    return Judged(Resets(cells, log, log.shape[1], tracker.names, tracker.payloads, names, tracker.g))


def _runs(cells: Column, beats: Column) -> Iterator[tuple[int, int]]:
    """Ranges of segments that come from one file, and that few others, and no beats, stand between."""
    drift = cells[:, OTHERS] // DRIFT
    jumps = (np.diff(drift) != 0) | (np.diff(cells[:, CAPTURE]) != 0)
    behind = np.searchsorted(cells[1:, ORDER], beats[beats >= cells[0, ORDER]], side="right")
    jumps[behind[behind < len(jumps)]] = True
    ends = [*(np.flatnonzero(jumps) + 1).tolist(), len(cells)]
    yield from zip([0, *ends[:-1]], ends, strict=True)


def _kept_segments(out: str, key: str) -> int:
    kept = kept_before(key, out)
    return kept.segments if kept is not None else 0
