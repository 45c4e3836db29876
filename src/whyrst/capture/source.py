"""A file, pipe or standard input as a stream of decompressed bytes, handed on as they arrive.

Reading uses `read(2)` into the caller's buffer. Files are not mapped: a capture that is cut short while it is mapped
(rotation does that) would end the process by SIGBUS.
"""

from __future__ import annotations

import fcntl
import io
import os
import select
import stat
import sys
from typing import TYPE_CHECKING

from whyrst.capture.ahead import Ahead
from whyrst.capture.compression import MAGIC_BYTES, Codec, codec_of
from whyrst.capture.errors import STDIN, CaptureError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from whyrst.capture.compression import Decompressor

_PIECE = 1 << 18
"""Compressed bytes read at once."""

_OUT = 1 << 18
"""Decompressed bytes made at once at most."""

_WAITING = 4
"""Pieces of them that may wait to be used."""

_LOOK = 0.2
"""Seconds after which a wait for a pipe looks whether standard input has become something else."""

_PIPE = 1 << 20
"""Size asked for pipes (Linux gives 64 KiB otherwise): fewer and larger reads when the writer is fast."""


class Source:
    """One open source of bytes.

    Attributes:
        path: As the user gave it; `-` is standard input.
        taken: Bytes read so far, compressed ones if it is compressed.
        total: Size of the file, `None` for pipes and devices.
        codec: Its compression, `None` for none.
        trouble: Why the bytes ended before their time, `None` while all is well.
    """

    def __init__(self, path: str, *, ahead: bool = False) -> None:
        """Open it and look at the first bytes.

        Args:
            path: A file, or `-` for standard input.
            ahead: Whether a thread of its own decompresses ahead.

        Raises:
            CaptureError: It cannot be opened or read, is empty, or its decompressor is not installed.
        """
        self.path = path
        self.taken = 0
        self.trouble: str | None = None
        self._why: str | None = None  # what will be the trouble once all that came before was handed on
        self._raw = _opened(path)
        try:
            status = os.fstat(self._raw.fileno())
            self.total = status.st_size if stat.S_ISREG(status.st_mode) else None
            if stat.S_ISFIFO(status.st_mode):
                _widen(self._raw.fileno())
            self._head = self._first_bytes()
            self.codec: Codec | None = codec_of(self._head)
            self._out = memoryview(b"")
            self._pieces: Iterator[bytes] | None = None
            if self.codec:
                self._pieces = self._decompressed(self.codec, self._started(self.codec))
                if ahead:
                    self._pieces = Ahead(self._pieces, _WAITING)
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if isinstance(self._pieces, Ahead):
            self._pieces.close()
        self._raw.close()

    def readinto(self, room: memoryview) -> int:
        """Fill a part of `room` with what is there now, waiting only when nothing is.

        Returns:
            Bytes filled; 0 at the end, and where the data turns out to be damaged (then `trouble` says how).
        """
        if self.trouble or not len(room):
            return 0
        if self._pieces is not None:
            return self._decompressed_into(room, self._pieces)
        if self._head:
            return self._head_into(room)
        n = self._read(room)
        if not n:
            self.trouble = self._why
        return n

    def _first_bytes(self) -> bytes:
        """Read until the compression can be told."""
        head = b""
        while len(head) < MAGIC_BYTES:
            more = self._piece(MAGIC_BYTES - len(head))
            if not more:
                break
            head += more
        if self._why:
            raise CaptureError(self.path, len(head), self._why)
        if not head:
            raise CaptureError(self.path, 0, "the file is empty" if self.total is not None else "nothing came")
        return head

    def _head_into(self, room: memoryview) -> int:
        """Hand on what was read to tell the compression."""
        n = min(len(room), len(self._head))
        room[:n] = self._head[:n]
        self._head = self._head[n:]
        return n

    def _read(self, room: memoryview) -> int:
        """Read what is there into `room`; 0 at the end."""
        while True:
            try:
                if self.total is None:
                    self._wait()
                n = self._raw.readinto(room)
            except OSError as error:
                self._why = f"cannot be read: {error.strerror}"
                return 0
            if n is None:  # a terminal or pipe that another program set to non-blocking
                continue
            self.taken += n
            return n

    def _wait(self) -> None:
        """Wait until a read finds something, also when standard input becomes another file meanwhile: a thread that is
        inside a read never notices."""
        one = select.poll()
        one.register(self._raw, select.POLLIN)
        while not one.poll(_LOOK * 1000):
            pass

    def _piece(self, size: int = _PIECE) -> bytes:
        """Read up to `size` bytes; none at the end."""
        room = bytearray(size)
        n = self._read(memoryview(room))
        return bytes(memoryview(room)[:n])

    def _started(self, codec: Codec) -> Decompressor:
        """Make a decompressor for the next stream."""
        try:
            return codec.start()
        except ModuleNotFoundError:
            name = codec.name
            raise CaptureError(
                self.path, 0, f"it is compressed by {name}: install whyrst[{name}], or decompress it first"
            ) from None

    def _decompressed_into(self, room: memoryview, pieces: Iterator[bytes]) -> int:
        """Hand on what was decompressed; 0 at the end, with the reason if it came before its time."""
        if not self._out:
            self._out = memoryview(next(pieces, b""))
            if not self._out:
                self.trouble = self._why
                return 0
        n = min(len(room), len(self._out))
        room[:n] = self._out[:n]
        self._out = self._out[n:]
        return n

    def _decompressed(self, codec: Codec, stream: Decompressor) -> Iterator[bytes]:
        """Decompress the streams one after the other; what came before damage is still given."""
        rest = self._head
        while True:
            while not stream.eof:
                data = b""
                if stream.needs_input:
                    data, rest = rest or self._piece(), b""
                    if not data:
                        early = f"the {codec.name} data ends early, after {self.taken} compressed bytes"
                        self._why = self._why or early
                        return
                try:
                    out = stream.decompress(data, _OUT)
                except codec.failures() as error:
                    text = " ".join(str(error).split())
                    self._why = f"the {codec.name} data is damaged before compressed byte {self.taken}: {text}"
                    return
                if out:
                    yield out
            rest = self._behind(stream.unused_data or rest)
            if not rest:
                return
            if codec_of(rest) is not codec:
                self._why = f"something else follows the {codec.name} data before compressed byte {self.taken}"
                return
            stream = self._started(codec)

    def _behind(self, rest: bytes) -> bytes:
        """Give the first bytes of the stream that follows a finished one, over the zeros that may pad a file."""
        while True:
            rest = rest.lstrip(b"\0")
            if len(rest) >= MAGIC_BYTES:
                return rest
            more = self._piece()
            if not more:
                return rest
            rest += more


def _opened(path: str) -> io.FileIO:
    """Open a path unbuffered.

    Raises:
        CaptureError: It is missing, a directory, or not readable.
    """
    try:
        if path == STDIN:
            return io.FileIO(sys.__stdin__.fileno() if sys.__stdin__ else 0, closefd=False)
        return io.FileIO(path)
    except OSError as error:
        raise CaptureError(path, 0, f"cannot be opened: {error.strerror}") from None
    except ValueError:
        raise CaptureError(path, 0, "cannot be opened: no file can have this name") from None


def _widen(descriptor: int) -> None:
    """Ask for a larger pipe where the system lets us."""
    command = getattr(fcntl, "F_SETPIPE_SZ", None)
    if command is not None:
        try:
            fcntl.fcntl(descriptor, command, _PIPE)
        except OSError:
            return
