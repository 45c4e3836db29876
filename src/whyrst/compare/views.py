"""What each capture can tell: when it ran, which directions and hosts it shows, how much it lost."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from whyrst.compare.events import Event, Events
from whyrst.compare.gaps import LOSSY
from whyrst.compare.pairing import PROXIED
from whyrst.compare.segment import SYN
from whyrst.compare.sightings import View
from whyrst.compare.survey import mixed
from whyrst.fast.layout import Flag, Opt
from whyrst.resets.facts import distinct, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whyrst.compare.alignment import Alignment
    from whyrst.compare.clocks import Shared
    from whyrst.compare.legs import Leg
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
    return [_view(aligned, surveys[c], common, c, wanted) for c in range(len(surveys))]


def _view(
    aligned: Alignment,
    survey: Survey,
    common: Mapping[tuple[int, int], Shared],
    c: int,
    wanted: Cells,
) -> View:
    """What is known of one capture; of hosts only those that `_hosts` wants."""
    clock, capture = aligned.clocks[c], survey.capture
    assert capture is not None
    forth = back = False
    hosts: set[tuple[int, int]] = set()
    for (a, b), found in common.items():
        if c in {a, b} and len(found.forth):
            forth |= bool(found.forth.any())
            back |= not bool(found.forth.all())
            for x, rows in ((a, aligned.pairs[a, b].left), (b, aligned.pairs[a, b].right)):
                direct = rows[aligned.pairs[a, b].how != PROXIED]
                for end in (0, 1):
                    ends = aligned.tables[x].address[end, :2][:, direct]
                    names, once = np.unique(mixed(*ends), return_index=True)
                    hosts.update((h, lo) for h, lo in ends[:, once[one_of(names, wanted)]].T.tolist())
    return View(
        begin=clock.common(capture.earliest or 0),
        end=clock.common(capture.latest or 0),
        known=clock.known,
        doubt=clock.uncertainty or 0,
        whole=not capture.damage,
        sides=(forth, back),
        hosts=frozenset(hosts),
        ttls=_ttls(survey, wanted),
    )


def _hosts(aligned: Alignment) -> Cells:
    """Hashes of the addresses of both ends of connections that were reset, sorted."""
    ends = [
        aligned.tables[c].address[:, :2, rows].transpose(1, 0, 2).reshape(2, -1)
        for leg in aligned.legs
        for c, rows in leg.rows.items()
    ]
    return distinct(mixed(*np.concatenate(ends, axis=1))) if ends else np.zeros(0, dtype=np.int64)


def _ttls(survey: Survey, wanted: Cells) -> dict[tuple[int, int], frozenset[int]]:
    """TTLs of what some hosts sent; probes written by hand have no habits."""
    parts = []
    for rows in (survey.opened, survey.samples):
        plain = (rows[Event.FLAGS] & (Flag.SYN | Flag.RST)) == 0
        habitual = plain | ((rows[Event.OPTIONS] & ~Opt.MSS) != 0)
        mine = one_of(mixed(rows[Event.SRC_HI], rows[Event.SRC_LO]), wanted)
        parts.append(rows.take(habitual & mine))
    rows = Events.joined(parts)
    names = mixed(rows[Event.SRC_HI], rows[Event.SRC_LO], rows[Event.TTL])
    once = rows.take(np.unique(names, return_index=True)[1])
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for hi, lo, ttl in zip(*(once[cell].tolist() for cell in (Event.SRC_HI, Event.SRC_LO, Event.TTL)), strict=True):
        found[hi, lo].add(ttl)
    return {host: frozenset(ttls) for host, ttls in found.items()}


def tally(leg: Leg, c: int, path: Sequence[int]) -> tuple[int, int]:
    """How many segments of a connection passed a capture's place and are in it, and how many are not: another capture,
    farther on, shows them."""
    mine, shown = leg.segments.get(c, []), {s.forth for s in leg.segments.get(c, ())}
    if not mine:
        return 0, 0
    there, begin, end = leg.held(c), mine[0].time, mine[-1].time
    found = [
        s in there
        for p, segments in leg.segments.items()
        for s in segments
        if s.forth == (path.index(p) > path.index(c)) and s.forth in shown and not s.reset and begin <= s.time <= end
    ]
    return sum(found), len(found) - sum(found)


def best(seen: Seen, known: Sequence[View]) -> int:
    """The capture in which a reset is judged: the one nearest to where it was made that lost nothing and shows how the
    connection began; the nearest one where none is so good."""

    def good(c: int) -> tuple[bool, bool]:
        begins = any(s.flags & SYN for s in seen.leg.segments[c])
        return known[c].loss <= LOSSY, begins

    return max((c for c in seen.travel if c in seen.at), key=good)
