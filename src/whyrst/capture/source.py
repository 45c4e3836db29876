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

from whyrst.capture.compression import MAGIC_BYTES, Codec, codec_of
from whyrst.capture.errors import STDIN, CaptureError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from whyrst.capture.compression import Decompressor

_PIECE = 1 << 18
"""Compressed bytes read at once."""

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

    def __init__(self, path: str) -> None:
        """Open it and look at the first bytes.

        Raises:
            CaptureError: It cannot be opened or read, is empty, or its decompressor is not installed.
        """
        self.path = path
        self.taken = 0
        self.trouble: str | None = None
        self._raw = _opened(path)
        try:
            status = os.fstat(self._raw.fileno())
            self.total = status.st_size if stat.S_ISREG(status.st_mode) else None
            if stat.S_ISFIFO(status.st_mode):
                _widen(self._raw.fileno())
            self._head = self._first_bytes()
            self.codec: Codec | None = codec_of(self._head)
            self._stream: Decompressor | None = self._started() if self.codec else None
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
        self._raw.close()

    def readinto(self, room: memoryview) -> int:
        """Fill a part of `room` with what is there now, waiting only when nothing is.

        Returns:
            Bytes filled; 0 at the end, and where the data turns out to be damaged (then `trouble` says how).
        """
        if self.trouble or not len(room):
            return 0
        if self._stream is not None:
            return self._decompressed_into(room)
        if self._head:
            return self._head_into(room)
        return self._read(room)

    def _first_bytes(self) -> bytes:
        """Read until the compression can be told."""
        head = b""
        while len(head) < MAGIC_BYTES:
            more = self._piece(MAGIC_BYTES - len(head))
            if not more:
                break
            head += more
        if self.trouble:
            raise CaptureError(self.path, len(head), self.trouble)
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
                n = self._raw.readinto(room)
            except OSError as error:
                self.trouble = f"cannot be read: {error.strerror}"
                return 0
            if n is None:  # a terminal or pipe that another program set to non-blocking
                select.select([self._raw], [], [])
                continue
            self.taken += n
            return n

    def _piece(self, size: int = _PIECE) -> bytes:
        """Read up to `size` bytes; none at the end."""
        room = bytearray(size)
        n = self._read(memoryview(room))
        return bytes(memoryview(room)[:n])

    def _started(self) -> Decompressor:
        """Make a decompressor for the next stream."""
        assert self.codec is not None
        try:
            return self.codec.start()
        except ModuleNotFoundError:
            name = self.codec.name
            raise CaptureError(
                self.path, 0, f"it is compressed by {name}: install whyrst[{name}], or decompress it first"
            ) from None

    def _decompressed_into(self, room: memoryview) -> int:
        """Decompress until there is output; what came before damage is still handed on."""
        assert self._stream is not None
        assert self.codec is not None
        while True:
            if self._stream.eof and not self._next_stream():
                return 0
            data = b""
            if self._stream.needs_input:
                data, self._head = self._head or self._piece(), b""
                if not data:
                    reason = f"the {self.codec.name} data ends early, after {self.taken} compressed bytes"
                    self.trouble = self.trouble or reason
                    return 0
            try:
                out = self._stream.decompress(data, len(room))
            except self.codec.failures() as error:
                text = " ".join(str(error).split())
                self.trouble = f"the {self.codec.name} data is damaged before compressed byte {self.taken}: {text}"
                return 0
            if out:
                room[: len(out)] = out
                return len(out)

    def _next_stream(self) -> bool:
        """Go on to the stream that follows a finished one, over the zeros that may pad a file."""
        assert self._stream is not None
        assert self.codec is not None
        rest = self._stream.unused_data or self._head
        self._head = b""
        while True:
            rest = rest.lstrip(b"\0")
            if len(rest) >= MAGIC_BYTES:
                break
            more = self._piece()
            if not more:
                break
            rest += more
        if not rest:
            return False
        if codec_of(rest) is not self.codec:
            self.trouble = f"something else follows the {self.codec.name} data before compressed byte {self.taken}"
            return False
        self._head = rest
        self._stream = self._started()
        return True


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
