"""Decompressors, found by the magic number of the data.

All give the interface of `bz2.BZ2Decompressor`, which bounds the output of each call. A compressed file may be a
series of streams (RFC 1952 section 2.2, RFC 8878 section 3.1, the xz and LZ4 frame formats), one after the other.
"""

from __future__ import annotations

import lzma
import sys
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

XZ_MEMORY = 256 << 20
"""Bytes that an xz stream may ask for; its strongest setting (xz -9) takes 65 MiB."""

_FRAME_MAGIC = b"\x50\x2a\x4d\x18"
"""Skippable frame of zstd and LZ4: 0x184D2A50 to 0x184D2A5F; pzstd writes one first."""


class Decompressor(Protocol):
    """One stream being decompressed."""

    @property
    def eof(self) -> bool:
        """Whether the stream's end was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether more compressed bytes are needed before there is more output."""

    @property
    def unused_data(self) -> bytes:
        """What came after the stream's end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Take compressed bytes, give at most `max_length` decompressed ones."""


class Codec(NamedTuple):
    """One kind of compression.

    Attributes:
        name: As users call it.
        magic: First bytes of a stream.
        start: Makes a decompressor for one stream; raises `ModuleNotFoundError` when its library is missing.
        failures: What a decompressor raises on data that it cannot read.
    """

    name: str
    magic: bytes
    start: Callable[[], Decompressor]
    failures: Callable[[], tuple[type[Exception], ...]]


class _Zlib:
    """`zlib.decompressobj` for one gzip stream, with the interface of `bz2.BZ2Decompressor`."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        rest = self._stream.unconsumed_tail
        out = self._stream.decompress(rest + data if rest else data, max(0, max_length))
        # A full output may leave more inside zlib even when all input was taken.
        self.needs_input = not self._stream.unconsumed_tail and len(out) != max_length
        return out


def _gzip() -> Decompressor:
    try:
        from isal import igzip_lib
    except ModuleNotFoundError:
        return _Zlib()
    stream: Decompressor = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return stream


def _gzip_failures() -> tuple[type[Exception], ...]:
    try:
        from isal import isal_zlib
    except ModuleNotFoundError:
        return (zlib.error,)
    failure: Any = isal_zlib.error  # its stubs take the class for an instance
    return (failure,)


def _xz() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


def _zstd() -> Decompressor:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    stream: Decompressor = zstd.ZstdDecompressor()
    return stream


def _zstd_failures() -> tuple[type[Exception], ...]:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return (zstd.ZstdError,)


def _lz4() -> Decompressor:
    from lz4.frame import LZ4FrameDecompressor

    stream: Decompressor = LZ4FrameDecompressor()
    return stream


CODECS = (
    Codec("gzip", b"\x1f\x8b", _gzip, _gzip_failures),
    Codec("zstd", b"\x28\xb5\x2f\xfd", _zstd, _zstd_failures),
    Codec("xz", b"\xfd7zXZ\x00", _xz, lambda: (lzma.LZMAError,)),
    Codec("lz4", b"\x04\x22\x4d\x18", _lz4, lambda: (RuntimeError,)),
)
MAGIC_BYTES = 6
"""Bytes that tell every codec."""


def codec_of(head: bytes) -> Codec | None:
    """Find the compression of data by its first bytes; `None` when it has none that is known."""
    for codec in CODECS:
        if head.startswith(codec.magic):
            return codec
    if len(head) >= len(_FRAME_MAGIC) and head[0] & 0xF0 == _FRAME_MAGIC[0] and head[1:4] == _FRAME_MAGIC[1:]:
        return CODECS[1]
    return None
