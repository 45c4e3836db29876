"""What each capture can tell: when it ran, which directions and hosts it shows, how much it lost."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.compare.events import Event, Events
from whyrst.compare.gaps import LOSSY
from whyrst.compare.habits import Habits
from whyrst.compare.lookup import Lookup
from whyrst.compare.pairing import PROXIED
from whyrst.compare.segment import ACK, RST, SYN, WRAP
from whyrst.compare.sightings import SLACK, View
from whyrst.compare.survey import mixed
from whyrst.fast.layout import Flag, Opt

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from whyrst.compare.alignment import Alignment
    from whyrst.compare.clocks import Shared
    from whyrst.compare.legs import Leg
    from whyrst.compare.segment import Segment
    from whyrst.compare.sightings import Seen
    from whyrst.compare.survey import Survey

    Cells = np.ndarray[Any, np.dtype[np.int64]]


def views(aligned: Alignment, surveys: Sequence[Survey], common: Mapping[tuple[int, int], Shared]) -> list[View]:
    """What is known of each capture, apart from what it lost.

    Args:
        aligned: the captures.
        surveys: per capture.
        common: segments that two captures share.
    """
    wanted = _hosts(aligned)
    hosts = {of: _shared(aligned, of, wanted) for of, found in common.items() if len(found.left)}
    return [_view(aligned, surveys[c], common, c, hosts, wanted) for c in range(len(surveys))]


def _view(
    aligned: Alignment,
    survey: Survey,
    common: Mapping[tuple[int, int], Shared],
    c: int,
    hosts: Mapping[tuple[int, int], set[tuple[int, int]]],
    wanted: Lookup,
) -> View:
    """What is known of one capture; of hosts only those that `_hosts` wants."""
    clock, capture = aligned.clocks[c], survey.capture
    assert capture is not None
    forth = back = False
    for (a, b), found in common.items():
        if c in {a, b} and len(found.forth):
            forth |= bool(found.forth.any())
            back |= not bool(found.forth.all())
    return View(
        begin=clock.common(capture.earliest or 0),
        end=clock.common(capture.latest or 0),
        known=clock.known,
        doubt=clock.uncertainty or 0,
        bounded=clock.uncertainty is not None,
        whole=not capture.damage,
        sides=(forth, back),
        hosts=frozenset().union(*(found for of, found in hosts.items() if c in of)),
        ttls=_ttls(survey, wanted),
    )


def _shared(aligned: Alignment, of: tuple[int, int], wanted: Lookup) -> set[tuple[int, int]]:
    """Hosts of connections that two captures show, as either shows them."""
    hosts: set[tuple[int, int]] = set()
    pairs = aligned.pairs[of]
    direct = pairs.how != PROXIED
    for c, rows in zip(of, (pairs.left, pairs.right), strict=True):
        for end in (0, 1):
            ends = aligned.tables[c].address[end, :2][:, rows[direct]]
            mine = wanted.first(mixed(*ends))
            hosts.update((h, lo) for h, lo in ends[:, _once(mine)].T.tolist())
    return hosts


def _once(numbers: Cells) -> Cells:
    """Where each of these numbers stands once; none of those below 0."""
    at = np.full(int(numbers.max(initial=-1)) + 1, -1)
    known = np.flatnonzero(numbers >= 0)
    at[numbers[known]] = known
    return at[at >= 0]


def _hosts(aligned: Alignment) -> Lookup:
    """Hashes of the addresses of both ends of connections that were reset."""
    ends = [
        aligned.tables[c].address[:, :2, rows].transpose(1, 0, 2).reshape(2, -1)
        for leg in aligned.legs
        for c, rows in leg.rows.items()
    ]
    return Lookup(mixed(*np.concatenate(ends, axis=1)) if ends else np.zeros(0, dtype=np.int64))


def _ttls(survey: Survey, wanted: Lookup) -> dict[tuple[int, int], frozenset[int]]:
    """TTLs of what some hosts sent; probes written by hand have no habits."""
    parts = []
    for rows in (survey.opened, survey.samples):
        plain = (rows[Event.FLAGS] & (Flag.SYN | Flag.RST)) == 0
        habitual = plain | ((rows[Event.OPTIONS] & ~Opt.MSS) != 0)
        mine = wanted.holds(mixed(rows[Event.SRC_HI], rows[Event.SRC_LO]))
        parts.append(rows.take(habitual & mine))
    rows = Events.joined(parts)
    names = mixed(rows[Event.SRC_HI], rows[Event.SRC_LO], rows[Event.TTL])
    once = rows.take(np.flatnonzero(Lookup(names).first(names) == np.arange(len(names))))
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for hi, lo, ttl in zip(*(once[cell].tolist() for cell in (Event.SRC_HI, Event.SRC_LO, Event.TTL)), strict=True):
        found[hi, lo].add(ttl)
    return {host: frozenset(ttls) for host, ttls in found.items()}


def tally(leg: Leg, c: int, path: Sequence[int], view: View) -> tuple[int, int]:
    """How many segments of a connection passed a capture's place and are in it, and how many are not.

    A segment has passed there when another capture, farther on, shows it, or when what came from farther on
    acknowledges it.
    """
    mine, shown = leg.segments.get(c, []), {s.forth for s in leg.segments.get(c, ())}
    if not mine:
        return 0, 0
    there, begin, end = leg.held(c), mine[0].time, mine[-1].time
    running = view.begin + SLACK + view.doubt
    acked = {forth: _acked(mine, forth=forth) for forth in (True, False) if view.sides[0 if forth else 1]}
    found = []
    for p, segments in leg.segments.items():
        onward = path.index(p) > path.index(c)
        for s in segments if p != c else ():
            if s.flags & RST:
                continue
            if s.forth == onward:
                passed = s.forth in shown and begin <= s.time <= end
            else:
                taken = (s.length > 0 or s.flags & SYN) and running <= s.time <= view.end
                passed = bool(taken) and _reaches(acked.get(s.forth), s.end)
            if passed:
                found.append(s in there)
    return sum(found), len(found) - sum(found)


def _acked(segments: Sequence[Segment], *, forth: bool) -> int | None:
    """The highest acknowledgement of what one end sent."""
    highest: int | None = None
    for s in segments:
        if s.forth != forth and s.flags & ACK and (highest is None or not _reaches(highest, s.ack)):
            highest = s.ack
    return highest


def _reaches(highest: int | None, number: int) -> bool:
    """Whether an acknowledgement covers a sequence number."""
    return highest is not None and (highest - number) % WRAP < WRAP // 2


def lacking(leg: Leg, known: Sequence[View]) -> set[tuple[int, bool]]:
    """Captures that lack a reset of a direction though it is its sender's own by all habits: they lost it."""
    lost: set[tuple[int, bool]] = set()
    for seen in leg.seen or ():
        absent = {(c, seen.forth) for c in leg.segments if c not in seen.at} - lost
        if absent and Habits(seen, known[seen.first].ttls).own:
            lost |= absent
    return lost


def best(seen: Seen, known: Sequence[View], lost: Container[tuple[int, bool]]) -> int:
    """The capture in which a reset is judged: the one nearest to where it was made that lost nothing and shows how the
    connection began; the nearest one where none is so good.

    Args:
        seen: the reset.
        known: what each capture can tell.
        lost: captures that lost a reset of its connection, and its direction.
    """

    def good(c: int) -> tuple[bool, bool, bool]:
        begins = any(s.flags & SYN for s in seen.leg.segments[c])
        return known[c].loss <= LOSSY, (c, seen.forth) not in lost, begins

    return max((c for c in seen.travel if c in seen.at), key=good)
