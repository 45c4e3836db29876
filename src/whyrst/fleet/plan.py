"""The plan: find, choose, keep, diagnose, for all that is new or changed, on whatever workers there are."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from whyrst.fleet import steps
from whyrst.fleet.archive import address
from whyrst.fleet.diagnose import Judgement, judged_before, shares
from whyrst.fleet.find import Found, found_before
from whyrst.fleet.keep import Choice, Kept, chosen_before, kept_before
from whyrst.fleet.store import STATE, StoreError, locked, noted, of_file, of_point
from whyrst.fleet.summary import Summary, summed
from whyrst.fleet.tables import remove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from whyrst.fleet.archive import File
    from whyrst.fleet.workers import Workers

    Progress = Callable[[int, int | None], None]
    Item = TypeVar("Item")

SEVERAL = 16
"""Captures of a task at most."""
FULL = {errno.ENOSPC, errno.EDQUOT}
"""Errors of a disk without room."""
LARGE = 1 << 26
"""Bytes of captures from which a task is large enough."""


def run(files: Sequence[File], out: str, by: Workers, progress: Progress | None = None) -> Summary:
    """Bring the tables under OUT up to date.

    Captures that OUT knows and that are no longer in the archive stay in the tables.

    Args:
        files: the archive.
        out: OUT.
        by: the workers.
        progress: called with (bytes read, bytes in all); captures are read twice.

    Raises:
        whyrst.fleet.store.StoreError: OUT cannot be used.
        whyrst.fleet.workers.WorkersError: the workers failed.
    """
    if address(out):
        raise StoreError(f"{out}: OUT must be a local or mounted folder, for tables are renamed into their places")
    if os.path.exists(out) and not os.path.isdir(out):
        raise StoreError(f"{out}: not a folder")
    with locked(out):
        _clean(out)
        try:
            return _run(files, out, by, progress)
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise StoreError(f"{out}: {os.strerror(error.errno)}; the next run goes on from here") from None


def _run(files: Sequence[File], out: str, by: Workers, progress: Progress | None) -> Summary:
    moved = _Moved(files, progress)
    found = _find(files, out, by, moved)
    points: dict[str, list[str]] = defaultdict(list)
    for key in sorted(found):
        points[found[key].point].append(key)
    choices = _choose(points, found, out, by)
    kept = _keep(files, found, choices, out, by, moved)
    judged = _diagnose(points, found, kept, out, by)
    _retire(points, out)
    return summed(files, found, kept, judged)


def _find(files: Sequence[File], out: str, by: Workers, moved: _Moved) -> dict[str, Found]:
    """What stands in each capture, by its key; in those too that are not in the archive any more."""
    found = {file.key: before for file in files if (before := found_before(file, out)) is not None}
    moved.by(found)
    new = [file for file in files if file.key not in found]
    for some in by.each(steps.find, ((part, out) for part in _parts(new, lambda file: file.size))):
        found |= dict(some)
        moved.by(key for key, _ in some)
    return found | _gone(out, set(found))


def _choose(points: Mapping[str, list[str]], found: Mapping[str, Found], out: str, by: Workers) -> dict[str, Choice]:
    """What is wanted at each point, by the point's key."""
    choices: dict[str, Choice] = {}
    tasks = []
    for name, keys in points.items():
        readable = [key for key in keys if not found[key].unreadable]
        inputs = _digest((key, found[key].size, found[key].stamp) for key in readable)
        before = chosen_before(_key(name), out)
        if before is not None and before.inputs == inputs:
            choices[_key(name)] = before
        else:
            tasks.append((_key(name), readable, inputs, out))
    return choices | dict(by.each(steps.choose, tasks))


def _keep(
    files: Sequence[File],
    found: Mapping[str, Found],
    choices: Mapping[str, Choice],
    out: str,
    by: Workers,
    moved: _Moved,
) -> dict[str, Kept]:
    """What was kept of each capture, by its key."""
    kept = {key: before for key in found if (before := kept_before(key, out)) is not None}
    tasks = []
    for file in files:
        chosen, before = choices[_key(file.point)].chosen, kept.get(file.key)
        done = before is not None and (before.stamp, before.chosen, before.lost) == (file.stamp, chosen, None)
        if done or found[file.key].unreadable:
            moved.by([file.key])
        else:
            tasks.append((file, _key(file.point), chosen))
    for some in by.each(steps.keep, ((part, out) for part in _parts(tasks, lambda one: one[0].size))):
        kept |= dict(some)
        moved.by(key for key, _ in some)
    return kept


def _diagnose(
    points: Mapping[str, list[str]], found: Mapping[str, Found], kept: Mapping[str, Kept], out: str, by: Workers
) -> list[Judgement]:
    """What came out at each point, share by share, ordered by their names."""
    judged: list[Judgement] = []
    tasks = []
    for name, keys in points.items():
        inputs = _digest(_state(key, found[key], kept.get(key)) for key in keys)
        several = shares(sum(found[key].resets for key in keys))
        for share in range(several):
            before = judged_before(_key(name), share, out)
            if before is not None and before.inputs == inputs:
                judged.append(before)
            else:
                tasks.append((name, _key(name), keys, inputs, (share, several), out))
    judged += by.each(steps.diagnose, tasks)
    return sorted(judged, key=lambda one: (one.point, one.share))


def _retire(points: Iterable[str], out: str) -> None:
    """Remove what came out for points whose captures all belong to others now, as with another depth of folders."""
    kept = {_key(name) for name in points}
    folder = os.path.join(out, STATE, "points")
    for key in sorted(set(os.listdir(folder) if os.path.isdir(folder) else ()) - kept):
        judged = judged_before(key, 0, out)
        if judged is not None:  # else of another version of whyrst, and maybe all that is left of captures
            remove(out, judged.point)
            shutil.rmtree(of_point(out, key))


def _state(key: str, found: Found, kept: Kept | None) -> tuple[object, ...]:
    """All that a judgement depends on, of one capture."""
    again = (kept.stamp, kept.digest, kept.segments) if kept is not None and not found.unreadable else None
    return key, found.size, found.stamp, found.unreadable, found.quality.damage, again


def _gone(out: str, known: set[str]) -> dict[str, Found]:
    """Captures of earlier runs that are not in the archive any more."""
    folder = os.path.join(out, STATE, "files")
    keys = (key for key in (os.listdir(folder) if os.path.isdir(folder) else ()) if key not in known)
    noticed = ((key, noted(os.path.join(of_file(out, key), "found.json"), Found)) for key in keys)
    return {key: one for key, one in noticed if one is not None}


def _clean(out: str) -> None:
    """Remove what a killed run left half-written; nobody else writes, for the lock is ours."""
    shutil.rmtree(os.path.join(out, STATE, "new"), ignore_errors=True)
    for at, _, names in os.walk(os.path.join(out, STATE)):
        for name in names:
            if name.startswith(".new-"):
                os.unlink(os.path.join(at, name))


def _key(point: str) -> str:
    """A short name for a capture point."""
    return hashlib.blake2b(point.encode("utf-8"), digest_size=12).hexdigest()


def _digest(items: Iterable[tuple[object, ...]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for one in items:
        digest.update(repr(one).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _parts(items: Iterable[Item], size: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Items in parts that are worth a task."""
    part: list[Item] = []
    total = 0
    for one in items:
        part.append(one)
        total += size(one)
        if len(part) == SEVERAL or total >= LARGE:
            yield part
            part, total = [], 0
    if part:
        yield part


class _Moved:
    """Counts the bytes of captures that a step is through with, for whoever wants to know."""

    def __init__(self, files: Sequence[File], progress: Progress | None) -> None:
        self._sizes = {file.key: file.size for file in files}
        self._total = 2 * sum(self._sizes.values())  # each is read twice
        self._done = 0
        self._progress = progress

    def by(self, keys: Iterable[str]) -> None:
        self._done += sum(self._sizes[key] for key in keys)
        if self._progress is not None:
            self._progress(self._done, self._total)
