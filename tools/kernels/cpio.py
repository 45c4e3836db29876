"""The archive that Linux unpacks as its first root file system: cpio in the "newc" form.

Source: Documentation/driver-api/early-userspace/buffer-format.rst of the kernel. Archives may follow each other.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = "070701"
_ALIGN = 4
_TRAILER = "TRAILER!!!"


class Writer:
    """Writes one archive: parents before children, each path once.

    Everything belongs to root and has time 0, so that equal content gives equal bytes.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._names: set[str] = set()

    def folder(self, name: str) -> None:
        """Adds a folder and what is above it; `name` is relative to the root."""
        head = ""
        for part in name.split("/"):
            head = f"{head}/{part}" if head else part
            if head and head not in self._names:
                self._entry(head, stat.S_IFDIR | 0o755, b"")

    def symlink(self, name: str, target: str) -> None:
        """Adds a symbolic link `name` to `target`."""
        self._parent(name)
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def data(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Adds a file with this content."""
        self._parent(name)
        self._entry(name, stat.S_IFREG | mode, content)

    def copy(self, name: str, source: Path) -> None:
        """Adds a file of this machine; what is executable stays so."""
        self.data(name, source.read_bytes(), 0o755 if source.stat().st_mode & stat.S_IXUSR else 0o644)

    def has(self, name: str) -> bool:
        """Tells whether the path was written already."""
        return name in self._names

    def close(self) -> None:
        """Ends the archive; the stream stays open."""
        self._entry(_TRAILER, 0, b"")

    def _parent(self, name: str) -> None:
        head, _, _ = name.rpartition("/")
        if head:
            self.folder(head)

    def _entry(self, name: str, mode: int, content: bytes) -> None:
        if name in self._names:
            raise ValueError(f"written twice: {name}")
        self._names.add(name)
        encoded = name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        numbers = (len(self._names), mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
        header = _MAGIC + "".join(f"{number:08X}" for number in numbers)
        self._padded(header.encode() + encoded)
        self._padded(content)

    def _padded(self, content: bytes) -> None:
        self._out.write(content)
        self._out.write(b"\0" * (-len(content) % _ALIGN))
