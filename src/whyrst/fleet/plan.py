"""The plan: find, choose, keep, diagnose, for all that is new or changed, on whatever workers there are."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from whyrst.fleet import steps
from whyrst.fleet.find import Found, found_before
from whyrst.fleet.keep import kept_before
from whyrst.fleet.store import STATE, StoreError, locked, noted, of_file
from whyrst.fleet.summary import Summary, summed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from whyrst.fleet.archive import File
    from whyrst.fleet.diagnose import Judgement
    from whyrst.fleet.keep import Kept
    from whyrst.fleet.workers import Workers

    Progress = Callable[[int, int | None], None]
    Item = TypeVar("Item")

SEVERAL = 16
"""Captures of a task at most."""
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
    if os.path.exists(out) and not os.path.isdir(out):
        raise StoreError(f"{out}: not a folder")
    with locked(out):
        _clean(out)
        return _run(files, out, by, progress)


def _run(files: Sequence[File], out: str, by: Workers, progress: Progress | None) -> Summary:
    moved = _Moved(2 * sum(file.size for file in files), progress)
    sizes = {file.key: file.size for file in files}
    found = {file.key: before for file in files if (before := found_before(file, out)) is not None}
    moved.by(sum(sizes[key] for key in found))
    new = [file for file in files if file.key not in found]
    for group in by.each(steps.find, ((part, out) for part in _parts(new, lambda file: file.size))):
        for key, one in group:
            found[key] = one
            moved.by(sizes[key])
    found |= _gone(out, set(found))
    points: dict[str, list[str]] = defaultdict(list)
    for key in sorted(found):
        points[found[key].point].append(key)
    readable = {name: [key for key in keys if not found[key].unreadable] for name, keys in points.items()}
    for _ in by.each(steps.choose, ((_key(name), keys, out) for name, keys in readable.items())):
        pass
    wanted = [(file, _key(file.point)) for file in files if not found[file.key].unreadable]
    kept: dict[str, Kept] = {key: old for key in found if (old := kept_before(key, out)) is not None}
    for some in by.each(steps.keep, ((part, out) for part in _parts(wanted, lambda one: one[0].size))):
        for key, got in some:
            kept[key] = got
            moved.by(sizes[key])
    tasks = (
        (name, _key(name), keys, _inputs([(key, found[key], kept.get(key)) for key in keys]), out)
        for name, keys in points.items()
    )
    judged: list[Judgement] = sorted(by.each(steps.diagnose, tasks), key=lambda one: one.point)
    return summed(files, found, kept, judged)


def _gone(out: str, known: set[str]) -> dict[str, Found]:
    """Captures of earlier runs that are not in the archive any more."""
    folder = os.path.join(out, STATE, "files")
    keys = (key for key in (os.listdir(folder) if os.path.isdir(folder) else ()) if key not in known)
    noticed = ((key, noted(os.path.join(of_file(out, key), "found.json"), Found)) for key in keys)
    return {key: one for key, one in noticed if one is not None}


def _clean(out: str) -> None:
    """Remove what a killed run left half-written; nobody else writes, for the lock is ours."""
    import shutil

    shutil.rmtree(os.path.join(out, STATE, "new"), ignore_errors=True)
    for at, _, names in os.walk(os.path.join(out, STATE)):
        for name in names:
            if name.startswith(".new-"):
                os.unlink(os.path.join(at, name))


def _key(point: str) -> str:
    """A short name for a capture point."""
    return hashlib.blake2b(point.encode("utf-8"), digest_size=12).hexdigest()


def _inputs(files: Iterable[tuple[str, Found, Kept | None]]) -> str:
    """A digest of all that a judgement depends on."""
    digest = hashlib.blake2b(digest_size=16)
    for key, found, kept in files:
        state = (key, found.size, found.stamp, found.unreadable, found.quality.damage)
        digest.update(repr((state, kept and (kept.stamp, kept.digest, kept.segments))).encode())
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
    """Counts bytes for whoever wants to know."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done = 0
        self._total = total
        self._progress = progress

    def by(self, more: int) -> None:
        self._done += more
        if self._progress is not None:
            self._progress(self._done, self._total)
