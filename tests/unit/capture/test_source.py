from __future__ import annotations

import bz2
import errno
import gzip
import hashlib
import io
import lzma
import os
import sys
import threading
from pathlib import Path

import pytest

from whyrst.capture.errors import CaptureError
from whyrst.capture.source import Source

DATA = bytes(range(256)) * 5000


def zstd(data):
    if sys.version_info >= (3, 14):
        from compression import zstd as library
    else:
        from backports import zstd as library
    return library.compress(data)


def lz4(data):
    return pytest.importorskip("lz4.frame").compress(data)


COMPRESSORS = {"gzip": gzip.compress, "zstd": zstd, "xz": lzma.compress, "lz4": lz4}


def whole(source, size=4096):
    out = bytearray()
    room = memoryview(bytearray(size))
    while n := source.readinto(room):
        out += room[:n]
    return bytes(out)


@pytest.fixture
def stored(tmp_path):
    def write(data):
        path = tmp_path / "file"
        path.write_bytes(data)
        return str(path)

    return write


def test_plain_bytes_come_as_they_are(stored):
    with Source(stored(DATA)) as source:
        assert whole(source) == DATA
        assert source.taken == source.total == len(DATA)
        assert source.codec is None


@pytest.mark.parametrize("name", COMPRESSORS)
def test_compressed_bytes_are_decompressed(stored, name):
    with Source(stored(COMPRESSORS[name](DATA))) as source:
        assert source.codec.name == name
        assert whole(source) == DATA
        assert source.trouble is None
        assert source.taken == source.total


@pytest.mark.parametrize("name", COMPRESSORS)
def test_streams_may_follow_each_other(stored, name):
    compress = COMPRESSORS[name]
    with Source(stored(compress(DATA) + compress(b"") + compress(b"tail"))) as source:
        assert whole(source) == DATA + b"tail"
        assert source.trouble is None


@pytest.mark.parametrize("padding", [1, 4, 300_000])
def test_zeros_may_pad_compressed_data(stored, padding):
    with Source(stored(gzip.compress(DATA) + bytes(padding) + gzip.compress(b"tail") + bytes(padding))) as source:
        assert whole(source) == DATA + b"tail"
        assert source.trouble is None


@pytest.mark.parametrize("name", COMPRESSORS)
def test_compressed_data_that_ends_early_gives_what_there_is(stored, name):
    data = os.urandom(300_000)
    packed = COMPRESSORS[name](data)
    with Source(stored(packed[: len(packed) * 3 // 4])) as source:
        got = whole(source)
        assert data.startswith(got)
        assert source.trouble == f"the {name} data ends early, after {len(packed) * 3 // 4} compressed bytes"
    if name != "lz4":  # one block of up to 4 MiB, whole or not at all
        assert len(got) > 100_000


@pytest.mark.parametrize("name", COMPRESSORS)
def test_damaged_data_is_named(stored, name):
    packed = bytearray(COMPRESSORS[name](hashlib.shake_128(b"").hexdigest(200_000).encode()))
    packed[6:2000] = b"\xff" * 1994
    with Source(stored(packed)) as source:
        whole(source)
        assert f"the {name} data" in source.trouble
        assert "\n" not in source.trouble


def test_something_else_after_the_compressed_data_is_trouble(stored):
    with Source(stored(gzip.compress(DATA) + b"no gzip at all")) as source:
        assert whole(source) == DATA
        assert source.trouble.startswith("something else follows the gzip data")


def test_a_bomb_is_decompressed_by_the_room(stored):
    with Source(stored(gzip.compress(bytes(50_000_000)))) as source:
        room = memoryview(bytearray(1000))
        assert [source.readinto(room) for _ in range(100)] == [1000] * 100


def test_a_missing_decompressor_is_named(stored, monkeypatch):
    path = stored(b"\x04\x22\x4d\x18" + bytes(20))
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    with pytest.raises(CaptureError, match=r"byte 0: it is compressed by lz4: install whyrst\[lz4\]"):
        Source(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", "Is a directory"), ("missing", "No such file or directory"), ("empty", "the file is empty")],
)
def test_what_is_no_file_is_an_error(tmp_path, name, reason):
    (tmp_path / "empty").touch()
    with pytest.raises(CaptureError) as caught:
        Source(str(tmp_path / name))
    assert str(caught.value).startswith(f"{tmp_path / name}: byte 0: ".replace("//", "/"))
    assert caught.value.reason.endswith(reason)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_impossible_names_are_an_error(name):
    with pytest.raises(CaptureError, match="no file can have this name"):
        Source(name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_an_error(stored):
    path = stored(DATA)
    Path(path).chmod(0)
    with pytest.raises(CaptureError, match="cannot be opened: Permission denied"):
        Source(path)


class Broken(io.FileIO):
    def readinto(self, _):
        raise OSError(errno.EIO, "Input/output error")


def test_a_failing_read_ends_the_bytes(stored):
    path = stored(DATA)
    with Source(path) as source:
        assert source.readinto(memoryview(bytearray(100))) == 6
        source._raw.close()
        source._raw = Broken(path)
        assert source.readinto(memoryview(bytearray(100))) == 0
        assert source.trouble == "cannot be read: Input/output error"


@pytest.fixture
def pipe(monkeypatch):
    """Standard input as a pipe; gives its writing end."""
    reading, writing = os.pipe()
    with open(reading) as stdin:  # noqa: PTH123 (a descriptor)
        monkeypatch.setattr(sys, "__stdin__", stdin)
        yield writing


@pytest.mark.parametrize("blocking", [True, False])
def test_standard_input_is_handed_on_as_it_arrives(pipe, blocking):
    os.write(pipe, b"first bytes")
    os.set_blocking(sys.__stdin__.fileno(), blocking)
    source = Source("-")
    room = memoryview(bytearray(1 << 20))
    assert source.total is None
    got = source.readinto(room)
    got += source.readinto(room[got:])
    assert bytes(room[:got]) == b"first bytes"
    later = threading.Timer(0.05, lambda: (os.write(pipe, b"second"), os.close(pipe)))
    later.start()
    assert bytes(room[: source.readinto(room)]) == b"second"
    assert source.readinto(room) == 0
    later.join()
    source.close()
    os.fstat(sys.__stdin__.fileno())


def test_a_compressed_pipe_is_handed_on_as_it_arrives(pipe):
    packed = gzip.compress(os.urandom(100_000))
    os.write(pipe, packed[:30_000])
    source = Source("-")
    assert source.readinto(memoryview(bytearray(1 << 20))) > 10_000
    os.close(pipe)


def test_a_pipe_that_closes_at_once_is_an_error(pipe):
    os.close(pipe)
    with pytest.raises(CaptureError, match="standard input: byte 0: nothing came"):
        Source("-")


def test_foreign_compression_is_left_as_it_is(stored):
    packed = bz2.compress(DATA)
    with Source(stored(packed)) as source:
        assert whole(source) == packed
