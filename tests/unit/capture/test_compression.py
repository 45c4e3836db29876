from __future__ import annotations

import gzip
import sys

import pytest

from whyrst.capture.compression import CODECS, _Zlib, codec_of


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x1f\x8b\x08\0\0\0", "gzip"),
        (b"\x28\xb5\x2f\xfd\0\0", "zstd"),
        (b"\x5e\x2a\x4d\x18\0\0", "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x04\x22\x4d\x18\0\0", "lz4"),
    ],
)
def test_a_codec_is_found_by_magic(head, name):
    assert codec_of(head).name == name


@pytest.mark.parametrize("head", [b"", b"\x1f", b"\xd4\xc3\xb2\xa1", b"\xfd7zX", b"\x60\x2a\x4d\x18"])
def test_other_bytes_have_no_codec(head):
    assert codec_of(head) is None


def test_the_standard_librarys_gzip_bounds_its_output():
    data = b"0123456789" * 100_000
    stream = _Zlib()
    parts = []
    more = gzip.compress(data) + b"next"
    while not stream.eof:
        parts.append(stream.decompress(more if stream.needs_input else b"", 1000))
        more = b""
    assert max(map(len, parts)) == 1000
    assert b"".join(parts) == data
    assert stream.unused_data == b"next"


def test_gzip_works_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "isal", None)
    assert isinstance(CODECS[0].start(), _Zlib)
    with pytest.raises(CODECS[0].failures()):
        CODECS[0].start().decompress(b"\x1f\x8b\x08\xff" + b"x" * 99)
