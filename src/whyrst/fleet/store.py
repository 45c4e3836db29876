"""Where things lie under OUT, and how they get there whole.

    OUT/verdicts/day=YYYY-MM-DD/point=NAME/part-N.parquet      and incidents/, quality/ alike: the results
    OUT/_whyrst/files/KEY/found.json, lines.parquet            what `find` saw in one capture
    OUT/_whyrst/files/KEY/kept.json, kept.parquet              segments that `keep` took from it
    OUT/_whyrst/points/KEY/wanted.npy, wanted.json, judged-N.json what a capture point asks for, and what came out
    OUT/_whyrst/lock                                           held by the run that writes

A file is written under another name and then renamed, and a `.json` comes last: where it stands, its step is done, and
it says for which state of the capture. A run that was killed goes on from there.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    Note = TypeVar("Note", bound=msgspec.Struct)

STATE = "_whyrst"
"""Folder of the state; readers of Parquet pass over names that begin with an underscore."""


LONGEST = 200
"""Characters of a partition's value; names of files have at most 255 bytes."""

DIGEST = 6
"""Bytes of the digest of a longer one."""


class _Whole(msgspec.Struct):
    made_by: str
    says: msgspec.Raw


class StoreError(Exception):
    """OUT cannot be used; one line for the user."""


@cache
def made_by() -> str:
    """What wrote a note; those of another version are not trusted."""
    from importlib.metadata import version

    return f"whyrst {version('whyrst')}, layout 2"


def of_file(out: str, key: str) -> str:
    """The folder for one capture."""
    return os.path.join(out, STATE, "files", key)


def of_point(out: str, key: str) -> str:
    """The folder for one capture point."""
    return os.path.join(out, STATE, "points", key)


def escaped(name: str) -> str:
    """A name as the value of a hive partition: what is no letter, digit, dot, dash or underscore becomes %XX.

    A name that is too long for a folder is cut, and a digest of the whole tells it from others that begin alike.
    """
    whole = quote(name, safe="") if name.strip(".") else "%2E" * len(name)
    if len(whole) <= LONGEST:
        return whole
    head = name[:LONGEST]
    while len(quote(head, safe="")) > LONGEST - 2 * DIGEST - 1:
        head = head[:-1]
    return f"{quote(head, safe='')}~{hashlib.blake2b(name.encode(), digest_size=DIGEST).hexdigest()}"


@contextmanager
def replacing(path: str) -> Iterator[str]:
    """A name to write under; on success it takes the place of `path`, and the disk has it.

    Two that write the same file at once do not meet: the names differ, and the later one wins whole.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".new-", dir=os.path.dirname(path))
    os.close(handle)
    try:
        yield name
        with open(name, "rb") as written:
            os.fsync(written.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def written(path: str) -> Any:
    """A file for Arrow to write to. Given a path it would take some for addresses, and refuse what is no UTF-8."""
    import pyarrow as pa

    return pa.OSFile(os.fsencode(path), "wb")


def stored(path: str) -> Any:
    """A file for Arrow to read from."""
    import pyarrow as pa

    return pa.OSFile(os.fsencode(path), "rb")


def note(path: str, what: msgspec.Struct) -> None:
    """Write a note that a step is done."""
    with replacing(path) as name, open(name, "wb") as out:
        out.write(msgspec.json.encode({"made_by": made_by(), "says": what}))


def noted(path: str, kind: type[Note]) -> Note | None:
    """Read a note back; None when there is none, or none that can be trusted."""
    try:
        with open(path, "rb") as file:
            whole = msgspec.json.decode(file.read(), type=_Whole)
        return msgspec.json.decode(whole.says, type=kind) if whole.made_by == made_by() else None
    except (OSError, msgspec.MsgspecError):
        return None


@contextmanager
def locked(out: str) -> Iterator[None]:
    """Keep other runs from writing to OUT; the lock goes with the process that holds it.

    Raises:
        StoreError: another run holds it, or OUT cannot be written.
    """
    import fcntl

    folder = os.path.join(out, STATE)
    try:
        os.makedirs(folder, exist_ok=True)
        lock = open(os.path.join(folder, "lock"), "w", encoding="ascii")  # noqa: SIM115  (held for the whole run)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(f"{out}: another run is writing there") from None
        yield
