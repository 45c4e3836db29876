"""Captures in object storage, through obstore: listed, and fetched to a temporary file while they are read.

Credentials and addresses come from the environment, as the storage's own tools take them (AWS_ACCESS_KEY_ID,
AWS_ENDPOINT_URL, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_NAME, ...).
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from whyrst.capture.errors import CaptureError

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 1 << 23
"""Bytes asked for at once."""


class Entry(NamedTuple):
    """Something that is listed: its path or address, its size in bytes, and what changes with its content."""

    path: str
    size: int
    stamp: str


def entries(source: str) -> Iterator[Entry]:
    """The objects of a bucket whose names begin with the source's folder, match its pattern, or are its name.

    Raises:
        ArchiveError: it cannot be listed, or nothing is there.
        ModuleNotFoundError: obstore is not installed.
    """
    from whyrst.fleet.archive import PATTERN, ArchiveError

    bucket, _, below = source.partition("://")[2].partition("/")
    place = f"{source.partition('://')[0]}://{bucket}"
    fixed = min((below.index(sign) for sign in PATTERN if sign in below), default=-1)
    prefix = below if fixed < 0 else below[: below.rfind("/", 0, fixed) + 1]
    found = False
    try:
        for group in _store(place).list(prefix=prefix.strip("/") or None):
            for one in group:
                name = one["path"]
                if fixed >= 0 and not fnmatchcase(name, below):
                    continue
                found = True
                yield Entry(f"{place}/{name}", one["size"], one["e_tag"] or one["last_modified"].isoformat())
        if not found and fixed < 0 and prefix.strip("/"):  # a whole object: prefixes end at a slash
            one = _store(place).head(prefix)
            found = True
            yield Entry(source, one["size"], one["e_tag"] or one["last_modified"].isoformat())
    except _failures() as error:
        raise ArchiveError(f"{source}: {_reason(error)}") from None
    if not found:
        raise ArchiveError(f"{source}: no object is there")


@contextmanager
def local(path: str) -> Iterator[str]:
    """A capture as a local file: itself, or, of an object, a copy that goes away afterwards.

    Raises:
        CaptureError: the object cannot be read.
    """
    from whyrst.fleet.archive import remote

    if not remote(path):
        yield path
        return
    scheme, _, rest = path.partition("://")
    bucket, _, name = rest.partition("/")
    with tempfile.TemporaryDirectory(prefix="whyrst-fleet-") as folder:
        copy = os.path.join(folder, "capture")
        taken = 0
        try:
            with open(copy, "wb") as file:
                for piece in _store(f"{scheme}://{bucket}").get(name).stream(min_chunk_size=PIECE):
                    file.write(piece)
                    taken += len(piece)
        except _failures() as error:
            raise CaptureError(path, taken, f"cannot be fetched: {_reason(error)}") from None
        yield copy


def _store(place: str) -> Any:
    import obstore

    return obstore.store.from_url(place)


def _failures() -> tuple[type[Exception], ...]:
    """What obstore raises: its own errors, and the built-in ones that say the same."""
    import obstore

    return (obstore.exceptions.BaseError, OSError, ValueError)


def _reason(error: Exception) -> str:
    """What the storage answered; else the first line of what the library says, without the debug output behind it."""
    whole = " ".join(str(error).split())
    if status := re.search(r"status code: (\d{3} [\w ]+)", whole):
        code = re.search(r"<Code>(\w+)</Code>", whole)
        return f"{status[1].strip()}, {code[1]}" if code else status[1].strip()
    return " ".join(str(error).split("\n\n")[0].split())[:300]
