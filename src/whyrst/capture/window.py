"""A window that moves over the bytes of a source: what was read and not yet used, in one buffer used again and again.

The unused rest is moved to the front before the next bytes are read behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whyrst.capture.source import Source

_LEAST = 64


class Window:
    """The bytes of a source around the place where it is being read.

    Attributes:
        source: Where the bytes come from.
        buffer: Holds them; only the part up to `end` is filled.
        at: First byte in the buffer that was not used yet.
        end: End of the filled part.
    """

    def __init__(self, source: Source, piece: int, largest: int) -> None:
        """Start at the source's first byte.

        Args:
            source: An open source.
            piece: Bytes read at once, and so the buffer's size.
            largest: Size to which the buffer may grow.
        """
        self.source = source
        self.buffer = memoryview(bytearray(max(piece, _LEAST)))
        self.at = 0
        self.end = 0
        self._base = 0  # offset in the source of the buffer's first byte
        self._largest = largest

    @property
    def offset(self) -> int:
        """Offset in the source of the first byte that was not used yet."""
        return self._base + self.at

    @property
    def rest(self) -> int:
        """How many bytes stand in the buffer that were not used yet."""
        return self.end - self.at

    def ahead(self, size: int) -> bytes:
        """Give up to `size` unused bytes that stand in the buffer; they stay unused."""
        return bytes(self.buffer[self.at : min(self.end, self.at + size)])

    def fill(self) -> bool:
        """Read on; `False` when nothing comes any more.

        A buffer full of unused bytes is doubled. So it grows with what really came, never with what a length claims.
        """
        rest = self.rest
        if self.at:
            self.buffer[:rest] = self.buffer[self.at : self.end]
            self._base += self.at
            self.at, self.end = 0, rest
        if rest == len(self.buffer):
            assert rest < self._largest
            grown = memoryview(bytearray(min(self._largest, 2 * rest)))
            grown[:rest] = self.buffer
            self.buffer = grown
        n = self.source.readinto(self.buffer[rest:])
        self.end += n
        return n > 0

    def have(self, need: int) -> bool:
        """Read on until `need` unused bytes stand in the buffer; `False` when they do not come."""
        while self.rest < need:
            if not self.fill():
                return False
        return True

    def skip(self, size: int) -> bool:
        """Go past `size` bytes without keeping them; `False` when there are fewer."""
        while True:
            step = min(size, self.rest)
            self.at += step
            size -= step
            if not size:
                return True
            if not self.fill():
                return False
