"""Runs scenarios with several seeds and scores the verdicts, of each capture alone and of captures compared."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from whyrst.analysis import analyze
from whyrst.lab.compared import WAYS, outcomes_of_way
from whyrst.lab.run import run
from whyrst.lab.scenario import scenarios
from whyrst.lab.score import compare, missed
from whyrst.lab.trace import Live
from whyrst.lab.trace import outcomes as traced
from whyrst.lab.truth import WHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from whyrst.lab.compared import Way
    from whyrst.lab.score import Outcome


def outcomes_of(name: str, seed: int, ways: Iterable[Way], *, live: bool = False) -> list[Outcome]:
    """Run one scenario once and score it: at each point of capture, compared in some ways, and perhaps traced live."""
    with TemporaryDirectory(prefix="whyrst-lab-") as temporary:
        folder = Path(temporary)
        outcomes: list[Outcome] = []
        if live:
            with Live() as tracing:
                record = run(scenarios()[name], folder, seed=seed, begun=tracing.begun)
            outcomes += traced(record, tracing)
        else:
            record = run(scenarios()[name], folder, seed=seed)
        seen = []
        for where in WHERE:
            some, these = compare(record, where, analyze(folder / f"{where}.pcap").verdicts)
            outcomes += some
            seen += these
        outcomes += missed(record, seen)
        for way in ways:
            outcomes += outcomes_of_way(record, folder, way)
        return outcomes


def score(
    names: Iterable[str],
    seeds: Iterable[int],
    *,
    ways: Iterable[Way] = WAYS[:1],
    live: bool = False,
    jobs: int = 1,
    done: Callable[[str, int], None] | None = None,
) -> list[Outcome]:
    """Run scenarios and score the verdicts.

    Args:
        names: the scenarios.
        seeds: a run for each.
        ways: how to compare the captures of a run.
        live: trace the runs, and score those verdicts, too.
        jobs: runs at the same time; they mostly wait.
        done: told of each run that ended.
    """
    every = list(seeds)
    runs = [(name, seed) for name in names for seed in every]
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for (name, seed), some in zip(
            runs,
            pool.map(partial(outcomes_of, live=live), *zip(*runs, strict=True), [tuple(ways)] * len(runs)),
            strict=True,
        ):
            outcomes += some
            if done is not None:
                done(name, seed)
    return outcomes
