"""What a run says at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from whyrst.model import Damage
from whyrst.reports.amounts import count, size
from whyrst.reports.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whyrst.fleet.archive import File
    from whyrst.fleet.diagnose import Judgement
    from whyrst.fleet.find import Found
    from whyrst.fleet.keep import Kept

SHOWN = 10
"""Causes that the text names."""


class Summary(msgspec.Struct, frozen=True):
    """An archive in numbers; of the captures that are in it now, and of all results under OUT.

    Attributes:
        captures: captures in the archive.
        bytes: their size.
        packets: packets in them.
        kept_segments: segments that were followed a second time.
        kept_bytes: size of what was kept.
        points: capture points under OUT.
        connections: connections, each counted once over the captures of its point.
        resets: verdicts under OUT.
        causes: how many of each, the most frequent first.
        harms: how many of each level.
        incidents: incidents under OUT.
        damage: where captures could not be read on.
        unreadable: captures that could not be read at all.
    """

    captures: int
    bytes: int
    packets: int
    kept_segments: int
    kept_bytes: int
    points: int
    connections: int
    resets: int
    causes: dict[str, int]
    harms: dict[str, int]
    incidents: int
    damage: tuple[Damage, ...]
    unreadable: tuple[Damage, ...]


def summed(
    files: Sequence[File], found: Mapping[str, Found], kept: Mapping[str, Kept], judged: Sequence[Judgement]
) -> Summary:
    """Put the numbers together."""
    present = [found[file.key] for file in files]
    again = [kept[file.key] for file in files if file.key in kept]
    lost = [
        Damage(file.name, 0, f"could not be read a second time: {kept[file.key].lost}")
        for file in files
        if file.key in kept and kept[file.key].lost is not None
    ]
    return Summary(
        captures=len(files),
        bytes=sum(file.size for file in files),
        packets=sum(one.quality.packets for one in present),
        kept_segments=sum(one.segments for one in again),
        kept_bytes=sum(one.bytes for one in again),
        points=len({one.point for one in judged}),
        connections=sum(one.connections for one in judged),
        resets=sum(one.resets for one in judged),
        causes=_most(one.causes for one in judged),
        harms=_most(one.harms for one in judged),
        incidents=sum(one.incidents for one in judged),
        damage=(*(damage for one in present if not one.unreadable for damage in one.quality.damage), *lost),
        unreadable=tuple(damage for one in present if one.unreadable for damage in one.quality.damage),
    )


def text(summary: Summary) -> Iterator[str]:
    """The summary as lines."""
    s = summary
    yield (
        f"{count(s.captures, 'capture')} ({size(s.bytes)}) with {count(s.packets, 'packet')}; results of "
        f"{count(s.points, 'capture point')} with {count(s.connections, 'connection')}"
    )
    yield f"{count(s.resets, 'reset')}, {count(s.incidents, 'incident')}"
    width = max((len(f"{number:,}") for number in s.causes.values()), default=0)
    for cause, number in list(s.causes.items())[:SHOWN]:
        yield f"  {number:{width},}  {printable(cause)}"
    if len(s.causes) > SHOWN:
        yield f"  and {count(len(s.causes) - SHOWN, 'further cause')}"
    if s.damage or s.unreadable:
        yield f"{count(len(s.unreadable), 'capture')} unreadable, damage in {len({one.path for one in s.damage}):,}"


def _most(many: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in many:
        total.update(one)
    return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))
