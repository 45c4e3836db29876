"""Runs commands and measures them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

CORES = sorted(os.sched_getaffinity(0), reverse=True)
"""Where things may run; all but what is about several cores runs on the first of them."""


class Run(NamedTuple):
    """One run of a command, or the medians of several."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of processor time, of the program and in the kernel for it."""
    peak: int
    """Most memory it ever held, bytes."""


def run(command: Sequence[str], cores: int = 1) -> Run:
    """Run a command on so many cores; its output goes nowhere.

    Raises:
        RuntimeError: it failed.
    """
    # As an installed program runs: its modules are compiled once, not at every start.
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    pinned = ["taskset", "-c", ",".join(map(str, CORES[:cores])), *command]
    child = subprocess.Popen(  # noqa: S603 - our own commands
        pinned, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def medians(commands: Sequence[Sequence[str]], times: int, cores: Sequence[int] = ()) -> list[Run]:
    """Run commands by turns, so that a busy moment of the machine hits all of them; medians of each.

    Args:
        commands: what to run.
        times: how often.
        cores: on how many cores each runs; without, all on one.
    """
    runs: list[list[Run]] = [[] for _ in commands]
    for _ in range(times):
        for command, found, most in zip(commands, runs, cores or [1] * len(commands), strict=True):
            found.append(run(command, most))
    return [
        Run(median(r.wall for r in found), median(r.cpu for r in found), max(r.peak for r in found)) for found in runs
    ]


def program(name: str) -> str | None:
    """Where a program is: beside this Python, else on the path."""
    beside = Path(sys.executable).parent / name
    return str(beside) if os.access(beside, os.X_OK) else shutil.which(name)
