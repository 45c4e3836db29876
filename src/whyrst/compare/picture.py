"""The segments of one connection around a reset, put together from all captures, for the ladder side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.compare.segment import ACK, SYN
from whyrst.compare.sightings import group
from whyrst.reports.vantages import Passage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.compare.alignment import Alignment
    from whyrst.compare.legs import Leg
    from whyrst.compare.segment import Segment
    from whyrst.compare.sightings import Seen

BEFORE, AFTER = 24, 8
"""Segments before and after the reset that are shown of each capture."""
OPENING = 3
"""Segments of the connection's beginning that are shown: the handshake."""
WRAP = 1 << 32


def passages(aligned: Alignment, capture: int, frame: int) -> list[Passage]:
    """The segments around a reset, in the order of time.

    Args:
        aligned: the captures.
        capture: where the reset is judged.
        frame: its number there.
    """
    number = aligned.homes[capture].get(frame)
    if number is None:
        return []
    leg = aligned.legs[number]
    aligned.look_into(leg)
    reset = next(s for s in leg.segments[capture] if s.frame == frame)
    path = aligned.path_of(leg)
    doubts = [clock.uncertainty if clock.known else None for clock in aligned.clocks]
    near = {c: _around(segments, reset.time) for c, segments in leg.segments.items()}
    seen = group(leg, path, doubts, near)
    base = _bases(leg, path)
    rows = [_passage(one, leg, aligned.path, base, wanted=one.at.get(capture) is reset) for one in seen]
    return _ordered(rows)


def _around(segments: Sequence[Segment], moment: int) -> list[Segment]:
    """The handshake, and what stands around the reset."""
    at = next((k for k, s in enumerate(segments) if s.time >= moment), len(segments))
    chosen = {*range(OPENING), *range(at - BEFORE, at + AFTER)}
    return [s for k, s in enumerate(segments) if k in chosen]


def _bases(leg: Leg, path: Sequence[int]) -> dict[bool, int]:
    """The first sequence number of each direction."""
    base: dict[bool, int] = {}
    for c in path:
        for s in leg.segments.get(c, ()):
            if s.flags & SYN or (not s.reset and s.forth not in base):
                base[s.forth] = s.seq
            if s.flags & ACK and (not s.forth) not in base:
                base[not s.forth] = s.ack - 1
    return base


def _passage(one: Seen, leg: Leg, path: Sequence[int], base: dict[bool, int], *, wanted: bool) -> Passage:
    s = one.segment
    ends = {(seen.source, seen.target) for seen in one.at.values()}
    first = one.at[one.first]
    note = f"{first.source} > {first.target}" if len(ends) > 1 and wanted else ""
    seq = (s.seq - base.get(s.forth, 0)) % WRAP if s.seq or not s.reset else 0
    return Passage(
        time=min(seen.time for seen in one.at.values()),
        forth=s.forth != leg.flip,
        flags=s.flags,
        seq=seq,
        length=s.length,
        ack=(s.ack - base.get(not s.forth, 0)) % WRAP if s.flags & ACK else None,
        frames=tuple(one.at[c].frame if c in one.at else None for c in path),
        absent=tuple(c not in one.at and _silent(leg, c, s) for c in path),
        wanted=wanted,
        note=note,
        window=s.window,
        times=tuple(one.at[c].time if c in one.at else None for c in path),
    )


def _silent(leg: Leg, c: int, s: Segment) -> bool:
    """Whether a capture that shows the connection before and after lacks a segment."""
    times = [other.time for other in leg.segments.get(c, ())]
    return bool(times) and min(times) <= s.time <= max(times) and s not in leg.held(c)


def _ordered(rows: list[Passage]) -> list[Passage]:
    """By time; what is at one place in one order of frames stays in it."""
    return sorted(rows, key=lambda p: (p.time, [frame or 0 for frame in p.frames]))
