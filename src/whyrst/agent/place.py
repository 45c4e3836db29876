"""How far each output is, noted in a small file of its own beside the queue."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

if TYPE_CHECKING:
    from pathlib import Path

MODE = 0o600


class Place(Struct, frozen=True):
    """How far an output is."""

    next: Annotated[int, Meta(lt=1 << 62)]
    """Number of the first record that its receiver has not acknowledged."""
    memo: dict[str, Any] = {}
    """What the output itself wants to know after a restart."""


class Places:
    """Notes of places.

    Args:
        folder: of the queue.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, begin: int, end: int) -> Place:
        """Where an output goes on. A new one has what comes from now on; one whose note is damaged begins with the
        oldest record that is kept, so that it may get some twice, and misses none.

        Args:
            name: of the output.
            begin: number of the oldest record.
            end: number of the next record.
        """
        try:
            found = msgspec.json.decode(self._path(name).read_bytes(), type=Place)
        except FileNotFoundError:
            return Place(end)
        except (OSError, msgspec.DecodeError):
            return Place(begin)
        return found if found.next > 0 else Place(begin)

    def furthest(self) -> int:
        """The highest number that any output was noted to have reached, whether it is still wanted or not."""
        found = [0]
        for path in self._folder.glob("*.place"):
            with suppress(OSError, msgspec.DecodeError):
                found.append(msgspec.json.decode(path.read_bytes(), type=Place).next)
        return max(found)

    def note(self, name: str, place: Place) -> bool:
        """Write a place so that a crash leaves the old note or the new one; returns whether the disk took it."""
        path, new = self._path(name), self._folder / f"{name}.new"
        try:
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
            try:
                os.write(file, msgspec.json.encode(place))
                os.fdatasync(file)
            finally:
                os.close(file)
            new.replace(path)
        except OSError:
            return False
        return True

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.place"
