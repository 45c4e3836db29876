"""Which files the server may read: regular ones inside allowed folders, wherever links may lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CAPTURES = (".pcap", ".pcapng", ".cap", ".ntar", ".dmp")
COMPRESSED = (".gz", ".zst", ".xz", ".bz2", ".lz4")
MOST = 1000
"""Files that are listed."""


class NotAllowedError(Exception):
    """A path that is not inside the allowed folders, or no regular file."""


class Folders:
    """Folders that may be read.

    Args:
        paths: existing folders.

    Raises:
        NotAllowedError: one of them is no folder.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._roots = tuple(path.resolve() for path in paths)
        for root in self._roots:
            if not root.is_dir():
                raise NotAllowedError(f"{root} is no folder")

    def file(self, path: str) -> str:
        """The real path of a file that may be read; relative ones are looked for in each folder.

        Raises:
            NotAllowedError: it is not inside, or no regular file.
        """
        if "\0" in path:
            raise NotAllowedError("a path cannot hold a zero byte")
        for root in self._roots:
            real = (root / path).resolve()
            if any(real.is_relative_to(allowed) for allowed in self._roots) and real.is_file():
                return str(real)
        raise NotAllowedError(f"{path!r} is no file inside the allowed folders")

    def captures(self) -> Iterator[str]:
        """Captures inside the folders by their names, at most MOST."""
        found = 0
        for root in self._roots:
            for path in sorted(root.rglob("*")):
                if found == MOST:
                    return
                if _is_capture(path.name) and path.is_file() and path.resolve().is_relative_to(root):
                    found += 1
                    yield str(path.relative_to(root))


def _is_capture(name: str) -> bool:
    lower = name.lower()
    for ending in COMPRESSED:
        lower = lower.removesuffix(ending)
    return lower.endswith(CAPTURES)
