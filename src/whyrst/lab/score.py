"""Compares verdicts with the truth: which were right, at each point of capture and taken together."""

from __future__ import annotations

from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from whyrst.lab.network import LINKS
from whyrst.lab.run import run
from whyrst.lab.scenario import scenarios
from whyrst.lab.truth import WHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whyrst.lab.truth import Record, Truth
    from whyrst.model import Verdict

    Judge = Callable[[Path], Iterable[Verdict]]

HOSTS = {address: link.host for link in LINKS for address in link.near}
SURE = ("undetermined", "possible", "likely", "certain")


class Outcome(NamedTuple):
    """One verdict beside the truth.

    Attributes:
        scenario: its name.
        seed: of the run.
        where: "client", "router", "server", or "all".
        frame: of the reset, in that capture; 0 when the reset was missed.
        cause: the true one; "none" when the scenario knows of no such reset.
        said: the verdict's; "missed" when there was none.
        confidence: the verdict's.
        right: whether the cause is one that may be said there.
        mechanism_right: whether the mechanism is the true one.
        how: what the scenario did.
    """

    scenario: str
    seed: int
    where: str
    frame: int
    cause: str
    said: str
    confidence: str
    right: bool
    mechanism_right: bool
    how: str


class _Seen(NamedTuple):
    verdict: Verdict
    truth: Truth | None
    nth: int


def compare(record: Record, where: str, verdicts: Iterable[Verdict]) -> tuple[list[Outcome], list[_Seen]]:
    """Outcomes of one capture, one per verdict."""
    counts: Counter[tuple[frozenset[int], str]] = Counter()
    outcomes, seen = [], []
    for verdict in verdicts:
        key = _key(verdict)
        counts[key] += 1
        truth = _truth(record.resets, key, counts[key])
        seen.append(_Seen(verdict, truth, counts[key]))
        outcomes.append(_outcome(record, where, verdict, truth))
    return outcomes, seen


def missed(record: Record, seen: dict[str, list[_Seen]]) -> list[Outcome]:
    """Resets that were made and have no verdict at any point of capture; a reset need not pass every point."""
    told = {id(one.truth) for ones in seen.values() for one in ones}
    return [
        Outcome(record.scenario, record.seed, "all", 0, truth.cause, "missed", "undetermined", False, False, truth.how)
        for truth in record.resets
        if id(truth) not in told and not truth.may_be_unseen
    ]


def together(record: Record, seen: dict[str, list[_Seen]]) -> Iterator[Outcome]:
    """For each reset the surest verdict of all points that saw it."""
    best: dict[tuple[frozenset[int], str, int], tuple[float, str, _Seen]] = {}
    for where, ones in seen.items():
        for one in ones:
            key = (*_key(one.verdict), one.nth)
            rank = SURE.index(one.verdict.confidence) + one.verdict.probability
            if key not in best or rank > best[key][0]:
                best[key] = (rank, where, one)
    for _, where, one in best.values():
        yield _outcome(record, where, one.verdict, one.truth)._replace(where="all")


def _key(verdict: Verdict) -> tuple[frozenset[int], str]:
    """Ports and sending host of a reset."""
    source, port = verdict.reset.source.rsplit(":", 1)
    other = verdict.reset.destination.rsplit(":", 1)[1]
    address = source.strip("[]")
    return frozenset((int(port), int(other))), HOSTS.get(address, address)


def _truth(truths: tuple[Truth, ...], key: tuple[frozenset[int], str], nth: int) -> Truth | None:
    fitting = [t for t in truths if frozenset(t.ports) == key[0] and t.sender == key[1]]
    exact = [t for t in fitting if t.nth == nth]
    return next(iter(exact or [t for t in fitting if t.nth is None]), None)


def _outcome(record: Record, where: str, verdict: Verdict, truth: Truth | None) -> Outcome:
    if truth is None:
        return Outcome(record.scenario, record.seed, where, verdict.frame, "none", verdict.cause, verdict.confidence,
                       False, False, "the scenario knows of no such reset")  # fmt: skip
    return Outcome(
        record.scenario, record.seed, where, verdict.frame, truth.cause, verdict.cause, verdict.confidence,
        verdict.cause in truth.accept[where], verdict.reset.mechanism == truth.mechanism, truth.how,
    )  # fmt: skip


def outcomes_of(name: str, seed: int, judge: Judge) -> list[Outcome]:
    """Run one scenario once and compare, at each point of capture and together."""
    with TemporaryDirectory(prefix="whyrst-lab-") as folder:
        record = run(scenarios()[name], Path(folder), seed=seed)
        seen: dict[str, list[_Seen]] = {}
        outcomes: list[Outcome] = []
        for where in WHERE:
            some, seen[where] = compare(record, where, judge(Path(folder, f"{where}.pcap")))
            outcomes += some
        return [*outcomes, *together(record, seen), *missed(record, seen)]


def score(
    names: Iterable[str],
    seeds: Iterable[int],
    judge: Judge,
    *,
    jobs: int = 1,
    done: Callable[[str, int], None] | None = None,
) -> list[Outcome]:
    """Run scenarios and compare.

    Args:
        names: the scenarios.
        seeds: a run for each.
        judge: verdicts of a capture; a function that can be pickled.
        jobs: runs at the same time; they mostly wait.
        done: told of each run that ended.
    """
    every = list(seeds)
    runs = [(name, seed) for name in names for seed in every]
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for (name, seed), some in zip(
            runs, pool.map(outcomes_of, *zip(*runs, strict=True), [judge] * len(runs)), strict=True
        ):
            outcomes += some
            if done is not None:
                done(name, seed)
    return outcomes


class Share(NamedTuple):
    """How many of how many."""

    right: int
    all: int

    def __str__(self) -> str:
        return f"{self.right}/{self.all} = {100 * self.right / self.all:.1f} %" if self.all else "-"


def shares(outcomes: Iterable[Outcome], by: Callable[[Outcome], object]) -> dict[object, Share]:
    """Right answers among all, for each value of a key."""
    counts: dict[object, list[int]] = defaultdict(lambda: [0, 0])
    for one in outcomes:
        counts[by(one)][0] += one.right
        counts[by(one)][1] += 1
    return {key: Share(*pair) for key, pair in sorted(counts.items(), key=lambda item: str(item[0]))}
