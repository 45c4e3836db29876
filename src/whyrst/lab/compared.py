"""Scores comparisons: the captures of one run together, as recorded and made worse."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from whyrst.compare import CompareError, compare
from whyrst.lab import degrade, forge
from whyrst.lab.origin import claim
from whyrst.lab.score import Outcome, key_of, match, missed, outcome
from whyrst.lab.truth import WHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whyrst.lab.score import Key
    from whyrst.lab.truth import Record, Truth

    Degrade = Callable[[Path, random.Random], str]

HOURS = 12
PPM = 100
"""A quartz of a computer is off by some ten millionths, seldom by more than a hundred."""


class Way(NamedTuple):
    """One way to compare a run's captures.

    Attributes:
        name: "all" for the plainest.
        captures: which points of capture.
        title: what is special.
        worse: makes the captures in a folder worse, and names the one that lacks packets now; None leaves them.
    """

    name: str
    captures: tuple[str, ...]
    title: str
    worse: Degrade | None = None


def _clocks(folder: Path, rng: random.Random) -> str:
    """All clocks but the client's are off by hours, and drift."""
    for where in WHERE[1:]:
        how = degrade.off(rng.uniform(-HOURS, HOURS) * 3600, rng.uniform(-PPM, PPM))
        degrade.change(folder / f"{where}.pcap", how)
    return ""


def _one(how: Callable[[random.Random], degrade.Change], folder: Path, rng: random.Random) -> str:
    """One of the captures is worse."""
    where = rng.choice(WHERE)
    degrade.change(folder / f"{where}.pcap", how(rng))
    return where


WAYS = (
    Way("all", WHERE, "client, router and server"),
    Way("ends", ("client", "server"), "client and server only"),
    Way("uplink", ("client", "uplink", "server"), "the router's other side, towards the client"),
    Way("four", ("client", "uplink", "router", "server"), "both sides of the router"),
    Way("clocks", WHERE, "clocks off by hours, drifting", _clocks),
    Way("lossy", WHERE, "one capture lacks a tenth of its packets and a third of its resets",
        partial(_one, degrade.lossy)),
    Way("short", WHERE, "one capture begins late or ends early", partial(_one, degrade.short)),
    Way("one way", WHERE, "one capture holds one direction only", partial(_one, degrade.one_way)),
)  # fmt: skip


def outcomes_of_way(record: Record, folder: Path, way: Way) -> Iterator[Outcome]:
    """Compare the captures of a run in one way, and score what is said.

    Args:
        record: of the run.
        folder: with its captures, which stay as they are.
        way: how to compare.
    """
    rng = random.Random(f"{way.name}/{record.scenario}/{record.seed}")  # noqa: S311 - variety, not secrecy
    with TemporaryDirectory(prefix="whyrst-lab-") as name:
        work = Path(name)
        for where in way.captures:
            shutil.copy(folder / f"{where}.pcap", work)
        poor = way.worse(work, rng) if way.worse is not None else ""
        before, after = resets(record, folder, way), resets(record, work, way)
        if poor and not any(one.segment for one in degrade.load(work / f"{poor}.pcap")[1]):
            return  # Nothing is left to be compared.
        yield from _compared(record, work, way, Left(poor, after, before - after))


def resets(record: Record, folder: Path, way: Way) -> Counter[tuple[str, Key]]:
    """How many resets of each sender of each connection a capture holds, by capture and key."""
    counts: Counter[tuple[str, Key]] = Counter()
    for where in way.captures:
        for packet in degrade.load(folder / f"{where}.pcap")[1]:
            if packet.is_reset and (seen := forge.look(packet.frame[degrade.ETHERNET :])) is not None:
                source, target = (f"{address}:{port}" for address, port in (seen.source, seen.target))
                counts[where, key_of(record, source, target)] += 1
    return counts


class Left(NamedTuple):
    """What is left of a run's captures.

    Attributes:
        poor: the capture that lacks packets; empty for none.
        resets: resets that the captures hold, by capture and key.
        lost: resets that they held before.
    """

    poor: str
    resets: Counter[tuple[str, Key]]
    lost: Counter[tuple[str, Key]]


def _compared(record: Record, folder: Path, way: Way, left: Left) -> Iterator[Outcome]:
    """Outcomes of one comparison: one per verdict, and one per reset that was recorded and has none."""
    try:
        comparison = compare([str(folder / f"{where}.pcap") for where in way.captures])
        seen = list(match(record, comparison.verdicts))
    except CompareError as error:
        yield _failure(record, way, str(error))
        return
    captures = {place.place: Path(place.capture).stem for place in comparison.places}
    for one in seen:
        if one.truth is None:
            yield outcome(record, way.name, one)
            continue
        said = claim(one.verdict.origin, one.truth, captures, left.poor, excusable=_excusable(one.truth, way, left))
        yield outcome(record, way.name, one, _right(one.truth, left.poor))._replace(
            origin=one.truth.origin, origin_said=said.says, origin_right=said.right
        )
    told = Counter(key_of(record, one.verdict.reset.source, one.verdict.reset.destination) for one in seen)
    for key, count in told.items():
        # A reset that several captures show is one. All of a sender's pass one point at least.
        if count > max(left.resets[where, key] for where in way.captures):
            yield _failure(record, way, "one reset told twice")
    if not left.poor:
        yield from missed(record, seen, way.name)


def _failure(record: Record, way: Way, what: str) -> Outcome:
    """Something that went wrong with a comparison as a whole."""
    return Outcome(record.scenario, record.seed, way.name, 0, "none", what, "undetermined", False, False, "")


def _right(truth: Truth, poor: str) -> set[str]:
    """Causes that are right: those that are right at every point of capture; if one is poor, at any."""
    everywhere = [set(truth.accept[where]) for where in WHERE]
    return set.union(*everywhere, {"undetermined"}) if poor else set.intersection(*everywhere)


def _excusable(truth: Truth, way: Way, left: Left) -> bool:
    """Whether nobody can know the origin: the capture at the sender's end lacks the reset, or the reset was made on
    the way, and a capture that lost packets must prove that it was not there."""
    if not left.poor:
        return False
    key = frozenset(truth.ports), truth.sender
    return truth.origin not in way.captures or truth.origin == "router" or left.lost[truth.origin, key] > 0
