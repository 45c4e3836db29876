"""Everything that is found about captures before their resets are judged: connections, clocks, path, origins."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.capture.ahead import sharing
from whyrst.compare import crowd
from whyrst.compare.belonging import belong
from whyrst.compare.clocks import Clock, Shared, chained, fit, nearness, shared, with_proxied
from whyrst.compare.conversations import Conversations, conversations
from whyrst.compare.events import Event
from whyrst.compare.gather import gather
from whyrst.compare.legs import Leg, fill, labels, legs
from whyrst.compare.origins import Tracer
from whyrst.compare.pairing import PROXIED, Pairs, pair, proxied
from whyrst.compare.path import STARTS, order, places
from whyrst.compare.reading import Reading
from whyrst.compare.sightings import SLACK, group
from whyrst.compare.survey import Survey
from whyrst.compare.views import best, lacking, tally, views
from whyrst.segments.read import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from whyrst.capture.filter import Filter
    from whyrst.compare.sightings import Seen, View
    from whyrst.model import Origin
    from whyrst.segments.read import Series

    Cells = np.ndarray[Any, np.dtype[np.int64]]
    Mask = np.ndarray[Any, np.dtype[np.bool_]]
    Progress = Callable[[int, int | None], None]


@dataclass(eq=False)
class Alignment:
    """Captures laid side by side.

    Attributes:
        paths: the captures.
        path: their numbers, from the client to the server.
        places: per capture what its place is called.
        clocks: per capture.
        tables: per capture, its connections.
        pairs: (a, b) with a < b -> connections that both show.
        legs: connections with resets that are looked into.
        rest: how many resets other connections have, since there are too many.
        homes: per capture, frame of a reset that is judged there -> its leg.
        elsewhere: per capture, frames of resets that are judged at another place, in order.
        events: per capture, segments of the legs, on the common clock.
        starts: per capture, row of the table -> first and last + 1 of its events.
        readings: per capture its second reading, whose resets wait to be judged.
        tracer: tells origins.
    """

    paths: tuple[str, ...]
    path: list[int]
    places: list[str]
    clocks: list[Clock]
    tables: list[Conversations]
    pairs: dict[tuple[int, int], Pairs]
    legs: list[Leg] = field(default_factory=list)
    rest: int = 0
    homes: list[dict[int, int]] = field(default_factory=list)
    elsewhere: list[Cells] = field(default_factory=list)
    events: list[Cells] = field(default_factory=list)
    starts: list[dict[int, tuple[int, int]]] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    tracer: Tracer | None = None

    def path_of(self, leg: Leg) -> list[int]:
        """Captures from the client of a connection to its server."""
        return list(reversed(self.path)) if leg.flip else self.path

    def rows(self, c: int) -> Cells:
        """The rows of one capture's table that belong to legs."""
        return np.array([row for leg in self.legs for row in leg.rows.get(c, ())], dtype=np.int64)

    def look_into(self, leg: Leg) -> list[Seen]:
        """The resets of a connection, with its segments at hand."""
        if not leg.segments:
            fill(leg, self.events, self.starts, self.tables)
            leg.flip |= _opened_behind(leg, self)
        if leg.seen is None:
            doubts = [clock.uncertainty if clock.known else None for clock in self.clocks]
            leg.seen = group(leg, self.path_of(leg), doubts)
        return leg.seen

    def let_go(self, leg: Leg) -> None:
        """Forget the segments of a connection, when there are so many that all of them would fill the memory."""
        if len(self.legs) > KEPT:
            leg.forget()

    def told_elsewhere(self, c: int, frames: Cells) -> Mask:
        """Which resets of a capture are judged at another place."""
        there = self.elsewhere[c]
        at = np.searchsorted(there, frames)
        told: Mask = np.append(there, -1)[at] == frames
        return told

    def origins(self, c: int, frames: Sequence[int]) -> dict[int, Origin]:
        """Origins of resets that are judged at one place, by frame."""
        assert self.tracer is not None
        wanted = {frame for frame in frames if frame in self.homes[c]}
        found: dict[int, Origin] = {}
        for number in dict.fromkeys(self.homes[c][frame] for frame in sorted(wanted)):
            leg = self.legs[number]
            resets = self.look_into(leg)
            traced = max(WORK // sum(map(len, leg.segments.values())), FEWEST)
            for place, seen in enumerate(resets):
                if c in seen.at and seen.at[c].frame in wanted:
                    told = self.tracer.origin(seen, resets, c) if place < traced else self.tracer.untraced(seen, traced)
                    found[seen.at[c].frame] = told
            self.let_go(leg)
        return found


WORK = 1 << 18
"""Resets of a connection that are traced, times its segments: a flood of them would take a time that grows as its
square."""
FEWEST = 8
"""Resets of a connection that are traced however long it is."""
KEPT = 1 << 13
"""Connections whose segments stay at hand; when there are more, each is looked into again."""
LOOKED = 512
"""Connections by which a capture's loss is estimated, from all over it; fewer than twice as many are looked into."""


def align(
    paths: tuple[str, ...],
    only: Filter | None,
    fixed: Mapping[int, str],
    progress: Progress | None,
    jobs: int = 1,
) -> Alignment:
    """Read captures twice and find where their resets were made.

    Args:
        paths: the captures.
        only: the capture filter.
        fixed: places that the user named, per capture.
        progress: is told how far reading has come.
        jobs: threads at most.

    Raises:
        CompareError: they do not belong together.
        whyrst.capture.errors.CaptureError: one cannot be read.
    """
    with sharing():
        series = list(read(paths, only=only, progress=progress))
        surveys = _surveys(series, jobs)
        aligned, known, moments = _matched(paths, surveys, fixed)
        del surveys
        _fill(aligned, moments, read(paths, only=only, progress=progress), threads=jobs > 1)
    aligned.tracer = _trace(aligned, known)
    return aligned


def _matched(
    paths: tuple[str, ...], surveys: Sequence[Survey], fixed: Mapping[int, str]
) -> tuple[Alignment, list[View], list[dict[int, list[int]]]]:
    """Connections, clocks and path, what each capture can tell, and its `_moments`; the surveys, which are large, are
    not needed any more."""
    tables = [conversations(survey) for survey in surveys]
    pairs: dict[tuple[int, int], Pairs] = {}
    common: dict[tuple[int, int], Shared] = {}
    nearer: dict[tuple[int, int], int] = {}
    single: dict[tuple[int, int], Cells] = {}
    fits: dict[tuple[int, int], Clock] = {}
    for a, b in combinations(range(len(paths)), 2):
        pairs[a, b], common[a, b] = _pairs((surveys[a], surveys[b]), (tables[a], tables[b]))
    belong(paths, surveys, tables, pairs, common)
    span = _span(tables, pairs)
    for (a, b), found in common.items():
        weight = span[a][pairs[a, b].left] + span[b][pairs[a, b].right]
        single[a, b], sign = nearness(found, weight)
        if len(found.left):
            nearer[a, b] = sign
    path = order(nearer, len(paths), fixed)
    for (a, b), found in common.items():
        sign = 1 if path.index(a) < path.index(b) else -1
        own = single[a, b][found.pair]
        # Without the handshake nobody knows who is the client, and so which way a segment went.
        known = tables[a].known[pairs[a, b].left] | tables[b].known[pairs[a, b].right]
        sure = known[found.pair] | (own != 0)
        sure |= not sure.any()
        clock = fit(Shared(*(column[sure] for column in found)), np.where(own == 0, sign, own)[sure])
        if clock is not None:
            fits[a, b] = clock
    named = places(path, surveys, fixed)
    aligned = Alignment(paths, path, named, chained(fits, len(paths)), tables, pairs)
    label = labels(tables, pairs)
    chosen, aligned.rest, aligned.elsewhere = crowd.choose(tables, surveys, label, path, crowd.MOST)
    aligned.legs = legs(tables, pairs, label, chosen)
    _flip(aligned, single)
    return aligned, views(aligned, surveys, common), _moments(aligned, surveys)


def _span(tables: Sequence[Conversations], pairs: Mapping[tuple[int, int], Pairs]) -> list[Cells]:
    """For each connection of each capture, in how many others it stands."""
    span = [np.zeros(len(table), dtype=np.int64) for table in tables]
    for (a, b), found in pairs.items():
        np.add.at(span[a], found.left, 1)
        np.add.at(span[b], found.right, 1)
    return span


def _surveys(series: Sequence[Series], jobs: int) -> list[Survey]:
    """Read all captures, by so many threads at most."""
    if jobs == 1:
        return list(map(_survey, series))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(jobs, len(series))) as pool:
        return list(pool.map(_survey, series))


def _survey(series: Series) -> Survey:
    survey = Survey()
    for batch in series:
        survey.take(batch)
    survey.capture = series.captures[0]
    return survey


def _pairs(surveys: tuple[Survey, Survey], tables: tuple[Conversations, Conversations]) -> tuple[Pairs, Shared]:
    """Connections that both show, those of a proxy included, and the segments that they share."""
    direct = pair(tables[0], tables[1], surveys)
    found = shared(surveys, tables, direct)
    clock = fit(found, np.ones(len(found.left), dtype=np.int64))
    behind = proxied(tables[0], tables[1], direct, -clock.offset if clock is not None else None)
    both = Pairs(*(np.concatenate(two) for two in zip(direct, behind, strict=True)))
    return both, with_proxied(found, tables, both)


def _flip(aligned: Alignment, single: Mapping[tuple[int, int], Cells]) -> None:
    """Mark connections that were opened from the path's other end, by the TTLs of their own segments; where these do
    not tell, by where their hosts stand in others."""
    votes = [np.zeros(len(table), dtype=np.int64) for table in aligned.tables]
    for (a, b), p in aligned.pairs.items():
        sign = 1 if aligned.path.index(a) < aligned.path.index(b) else -1
        np.add.at(votes[a], p.left, single[a, b] * sign)
        np.add.at(votes[b], p.right, single[a, b] * sign)
    stand: Counter[tuple[int, int]] = Counter()
    open_legs = []
    for leg in aligned.legs:
        vote = sum(int(votes[c][row]) for c, rows in leg.rows.items() for row in rows)
        leg.flip = vote < 0
        ends = _ends(leg, aligned)
        if vote:
            stand.update({ends[0]: vote, ends[1]: -vote})
        else:
            open_legs.append((leg, ends))
    for leg, (client, server) in open_legs:
        leg.flip = stand[client] - stand[server] < 0


def _ends(leg: Leg, aligned: Alignment) -> tuple[tuple[int, int], tuple[int, int]]:
    """The addresses of a connection's client and server, as one of the captures shows them."""
    c, (row, *_) = next(iter(leg.rows.items()))
    (client, server) = aligned.tables[c].address[:, :2, row].tolist()
    return (client[0], client[1]), (server[0], server[1])


def _opened_behind(leg: Leg, aligned: Alignment) -> bool:
    """Whether the capture at one end of the path shows that end's host in the other role: what comes from there has
    a TTL that no router has lowered, and what goes there has not."""
    for c, place, own in ((aligned.path[-1], "server", False), (aligned.path[0], "client", True)):
        if aligned.places[c] == place:
            plain = [s for s in leg.segments.get(c, ()) if not s.reset]
            fresh = [{s.ttl in STARTS for s in plain if s.forth == forth} for forth in (own, not own)]
            if fresh == [{False}, {True}]:
                return True
    return False


def _moments(aligned: Alignment, surveys: Sequence[Survey]) -> list[dict[int, list[int]]]:
    """For each capture, row of a connection -> when it was reset anywhere, on that capture's clock."""
    when: list[dict[int, list[int]]] = [{} for _ in surveys]
    for c, survey in enumerate(surveys):
        events = survey.resets
        rows = aligned.tables[c].of(events[Event.KEY], events[Event.FRAME])
        wanted = np.isin(rows, aligned.rows(c))
        rows, events = rows[wanted], events.take(wanted)
        for row, time in zip(rows.tolist(), events[Event.TIME].tolist(), strict=True):
            when[c].setdefault(row, []).append(aligned.clocks[c].common(time))
    moments: list[dict[int, list[int]]] = [{} for _ in surveys]
    for leg in aligned.legs:
        times = [time for c, rows in leg.rows.items() for row in rows for time in when[c].get(row, ())]
        for c, mine in leg.rows.items():
            for row in mine:
                moments[c][row] = [aligned.clocks[c].own(time) for time in times]
    return moments


def _fill(
    aligned: Alignment, moments: Sequence[dict[int, list[int]]], captures: Iterable[Series], *, threads: bool
) -> None:
    """Read the segments of connections with resets."""
    events: list[Cells] = []
    starts: list[dict[int, tuple[int, int]]] = []
    early = _early(aligned)
    for c, series in enumerate(captures):
        reading = Reading(series, aligned.clocks[c], threads=threads)
        found = gather(reading, aligned.tables[c], aligned.rows(c), moments[c], early[c])
        found[Event.TIME] = aligned.clocks[c].all_common(found[Event.TIME])
        rows = found[Event.PRINT]
        first = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1]))) if len(rows) else rows
        ends = [*first[1:].tolist(), len(rows)]
        starts.append({int(rows[x]): (x, y) for x, y in zip(first.tolist(), ends, strict=False)})
        events.append(found)
        aligned.readings.append(reading)
    aligned.events, aligned.starts = events, starts


def _early(aligned: Alignment) -> list[Cells]:
    """For each capture and connection, when it began as another capture shows, if that was sooner: on this capture's
    clock."""
    early = [np.full(len(table), np.iinfo(np.int64).max) for table in aligned.tables]
    for (a, b), p in aligned.pairs.items():
        at = np.flatnonzero((p.how != PROXIED) & aligned.tables[a].known[p.left] & aligned.tables[b].known[p.right])
        for x, y, here, there in ((a, b, p.left[at], p.right[at]), (b, a, p.right[at], p.left[at])):
            one, two = aligned.clocks[x], aligned.clocks[y]
            if one.known and two.known:
                began = one.all_own(two.all_common(aligned.tables[y].time[there]))
                sooner = began < aligned.tables[x].time[here] - SLACK - (one.uncertainty or 0) - (two.uncertainty or 0)
                np.minimum.at(early[x], here[sooner], began[sooner])
    return early


def _trace(aligned: Alignment, known: Sequence[View]) -> Tracer:
    """Find at which place every reset is judged, and what is needed to tell its origin."""
    tallies = [(0, 0) for _ in known]
    for leg in aligned.legs[:: max(len(aligned.legs) // LOOKED, 1)]:
        aligned.look_into(leg)
        counts = [tally(leg, c, aligned.path_of(leg), view) for c, view in enumerate(known)]
        tallies = [(x + held, y + missing) for (x, y), (held, missing) in zip(tallies, counts, strict=True)]
        aligned.let_go(leg)
    known = [view.counted(*pair) for view, pair in zip(known, tallies, strict=True)]
    aligned.homes = [{} for _ in known]
    elsewhere: list[list[int]] = [[] for _ in known]
    for number, leg in enumerate(aligned.legs):
        resets = aligned.look_into(leg)
        lost = lacking(leg, known)
        for seen in resets:
            home = best(seen, known, lost)
            aligned.homes[home][seen.at[home].frame] = number
            for c, segment in seen.at.items():
                if c != home:
                    elsewhere[c].append(segment.frame)
        aligned.let_go(leg)
    aligned.elsewhere = [
        np.union1d(np.setdiff1d(rest, [*aligned.homes[c]]), np.array(elsewhere[c], dtype=np.int64))
        for c, rest in enumerate(aligned.elsewhere)
    ]
    return Tracer(aligned.paths, aligned.places, aligned.path, known)
