"""Which captures an archive holds, and at which capture point each was taken.

A SOURCE is a folder, a file, a pattern with `*`, `?` or `[`, or a place in object storage (`s3://`, `gs://`, `az://`).
The capture point is the folder that a file lies in, relative to its SOURCE; directly in the SOURCE it is the SOURCE's
own last name. Files of one capture point are parts of one series, wherever they lie.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whyrst.fleet.store import STATE
from whyrst.fleet.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whyrst.fleet.objects import Entry

HIDDEN = (".", "_")
"""Names that begin so are no captures: half-written files, and whyrst's own."""

PATTERN = "*?["
"""What makes a SOURCE a pattern."""


class ArchiveError(Exception):
    """A SOURCE that cannot be listed; one line for the user."""


@dataclass(frozen=True, slots=True)
class File:
    """One capture of an archive.

    Attributes:
        path: a local path, or the address of an object.
        point: the capture point.
        size: bytes as they are stored.
        stamp: what changes with the content: time of the last change, or the object's ETag.
    """

    path: str
    point: str
    size: int
    stamp: str

    @property
    def name(self) -> str:
        """The path as text: bytes of a name that are no UTF-8 become escapes."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    @property
    def key(self) -> str:
        """A short name for it in the state, the same however its path was written."""
        return hashlib.blake2b(os.fsencode(_whole(self.path)), digest_size=12).hexdigest()


def listed(sources: Iterable[str], *, depth: int | None = None, beside: str | None = None) -> list[File]:
    """The captures of an archive, each once, ordered by path.

    Args:
        sources: as the user gave them.
        depth: how many folders below a SOURCE name the capture point; all of them if not said.
        beside: a folder that is left out: where the results go.

    Raises:
        ArchiveError: a SOURCE is missing or cannot be listed.
    """
    found: dict[str, File] = {}
    skip = os.path.realpath(beside) if beside is not None and not remote(beside) else None
    for source in sources:
        for root, entry in _entries(source, skip):
            file = File(entry.path, _point(root, entry.path, depth), entry.size, entry.stamp)
            found.setdefault(_whole(entry.path), file)
    return sorted(found.values(), key=lambda file: file.path)


def remote(path: str) -> bool:
    """Whether it is the address of an object, or of a folder of them."""
    return path.startswith(("s3://", "gs://", "az://"))


def address(path: str) -> bool:
    """Whether it is an address of anything, also where whyrst finds nothing."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path) is not None


def _whole(path: str) -> str:
    """A path from the root on; an object's address."""
    return path if remote(path) else os.path.abspath(path)


def _point(root: str, path: str, depth: int | None) -> str:
    """The capture point of a file below a root."""
    folders = os.path.dirname(path)[len(root) :].strip("/").split("/")
    named = "/".join(part for part in folders[:depth] if part)
    own = root if remote(root) else os.path.abspath(root or ".")
    return (
        (named or os.path.basename(own.rstrip("/")) or "root")
        .encode("utf-8", "surrogateescape")
        .decode("utf-8", "backslashreplace")
    )


def _entries(source: str, skip: str | None) -> Iterator[tuple[str, Entry]]:
    """What a SOURCE holds, each entry with the folder that its capture point counts from."""
    root = _fixed(source).rstrip("/") or ("/" if source.startswith("/") else "")
    if remote(source):
        from whyrst.fleet.objects import entries

        yield from ((root, entry) for entry in entries(source) if not _hidden(entry.path[len(root) :]))
        return
    if os.path.lexists(source):
        root = source if os.path.isdir(source) else os.path.dirname(source)
        matches = [source]
    else:
        matches = [one for one in sorted(glob.glob(source, recursive=True)) if not _hidden(one[len(root) :])]
    if not matches and address(source):
        raise ArchiveError(f"{source}: object storage is s3://, gs:// or az://; anything else must be a file or folder")
    if not matches:
        raise ArchiveError(f"{source}: no such file or folder")
    for match in matches:
        for entry in _walk(match, skip) if os.path.isdir(match) else [_stated(match)]:
            yield root, entry


def _fixed(source: str) -> str:
    """The folder of a pattern that stands before the first sign that stands for others; other SOURCES whole."""
    at = min((source.index(sign) for sign in PATTERN if sign in source), default=-1)
    return source if at < 0 else source[: source.rfind("/", 0, at) + 1]


def _hidden(below: str) -> bool:
    return any(part.startswith(HIDDEN) for part in below.split("/") if part)


def _walk(folder: str, skip: str | None) -> Iterator[Entry]:
    """Regular files of a folder and those below; what cannot be listed is an error, never passed over.

    Symbolic links are not followed: they may lead round in circles, or to what is nobody's capture.
    """

    def refuse(error: OSError) -> None:
        raise ArchiveError(f"{error.filename}: {error.strerror}")

    for at, folders, files in os.walk(folder, onerror=refuse):
        results = KINDS if STATE in folders else ()  # of this run or another: OUT may be the folder of the captures
        folders[:] = sorted(
            one
            for one in folders
            if not one.startswith(HIDDEN) and one not in results and os.path.realpath(os.path.join(at, one)) != skip
        )
        for name in sorted(files):
            path = os.path.join(at, name)
            # A ring buffer's oldest file may go while the folder is read, and is then no longer in the archive.
            if not name.startswith(HIDDEN) and os.path.isfile(path) and not os.path.islink(path):
                with suppress(FileNotFoundError):
                    yield _entry(path)


def _stated(path: str) -> Entry:
    """Size and time of a local file."""
    try:
        return _entry(path)
    except OSError as error:
        raise ArchiveError(f"{path}: {error.strerror}") from None


def _entry(path: str) -> Entry:
    from whyrst.fleet.objects import Entry

    status = os.stat(path)
    return Entry(path, status.st_size, str(status.st_mtime_ns))
