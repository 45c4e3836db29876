"""The steps, as tasks: plain functions that a worker anywhere can call, for one capture point or some captures.

They hand over paths and counts only. What passes from step to step lies in files under OUT, which all workers must
reach by the same path, as they must reach the captures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whyrst.fleet import diagnose as third
from whyrst.fleet import find as first
from whyrst.fleet import keep as second

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whyrst.fleet.archive import File
    from whyrst.fleet.diagnose import Judgement
    from whyrst.fleet.find import Found
    from whyrst.fleet.keep import Choice, Kept


def find(files: Sequence[File], out: str) -> list[tuple[str, Found]]:
    """Note the connections of some captures."""
    return [(file.key, first.find(file, out)) for file in files]


def choose(point: str, files: Sequence[str], inputs: str, out: str) -> tuple[str, Choice]:
    """Choose the flows of a capture point that are followed again."""
    return point, second.choose(point, files, inputs, out)


def keep(files: Sequence[tuple[File, str, str]], out: str) -> list[tuple[str, Kept]]:
    """Keep the segments of the chosen flows of some captures, each with its point and what was chosen there."""
    return [(file.key, second.keep(file, point, chosen, out)) for file, point, chosen in files]


def diagnose(name: str, point: str, files: Sequence[str], inputs: str, share: tuple[int, int], out: str) -> Judgement:
    """Judge the resets of a capture point, and put a share of them into words."""
    return third.diagnose(name, point, files, inputs, share, out)
