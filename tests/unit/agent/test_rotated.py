from __future__ import annotations

import os
from pathlib import Path

import pytest

from whyrst.agent.rotated import Rotated


def contents(path):
    return {one.name: one.read_bytes() for one in path.parent.iterdir()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.ndjson"


def test_files_are_rotated_by_size_and_the_oldest_goes(path):
    file = Rotated(path, 10, 3)
    for number in range(8):
        file.write([b"line %d" % number])
    file.close()
    assert contents(path) == {
        "a.ndjson": b"",
        "a.ndjson.1": b"line 6\nline 7\n",
        "a.ndjson.2": b"line 4\nline 5\n",
    }


def test_one_file_starts_anew(path):
    file = Rotated(path, 10, 1)
    file.write([b"line 0", b"line 1", b"line 2"])
    file.close()
    assert contents(path) == {"a.ndjson": b"line 2\n"}


def test_many_lines_at_once_are_spread(path):
    file = Rotated(path, 20, 10)
    file.write([b"line %d" % number for number in range(9)])
    file.close()
    assert [len(data) for data in contents(path).values()].count(21) == 3


@pytest.mark.parametrize(
    ("content", "whole"),
    [(b"", b""), (b"a\nb\n", b"a\nb\n"), (b"a\nb", b"a\n"), (b"torn", b""), (b"a\n\0\0\0", b"a\n")],
)
def test_a_torn_line_is_cut(path, content, whole):
    path.write_bytes(content)
    file = Rotated(path, 100, 3)
    assert path.read_bytes() == whole
    assert file.last() == whole.rpartition(b"\n")[0].rpartition(b"\n")[2]
    file.write([b"c"])
    file.close()
    assert path.read_bytes() == whole + b"c\n"


def test_the_last_line_may_stand_in_the_file_before(path):
    file = Rotated(path, 10, 3)
    file.write([b"0123456789"])
    assert path.read_bytes() == b""
    assert file.last() == b"0123456789"
    file.close()


def test_opened_again_after_somebody_moved_it(path):
    file = Rotated(path, 100, 3)
    file.write([b"a"])
    path.rename(path.with_name("moved"))
    file.write([b"b"])
    file.open()
    file.write([b"c"])
    file.close()
    assert contents(path) == {"moved": b"a\nb\n", "a.ndjson": b"c\n"}


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        Rotated(tmp_path / "none" / "a", 100, 3)


def test_a_file_has_one_writer(path):
    file = Rotated(path, 10, 3)
    for name in (path, path.with_name("link")):
        if name != path:
            name.symlink_to(path)
        with pytest.raises(OSError, match="another agent writes to it"):
            Rotated(name, 10, 3)
    file.write([b"0123456789"])  # rotated: the new file is ours, too
    with pytest.raises(OSError, match="another agent"):
        Rotated(path, 10, 3)
    file.close()
    Rotated(path, 10, 3).close()


def test_a_device_cannot_be_rotated():
    with pytest.raises(OSError, match="no regular file"):
        Rotated(Path(os.devnull), 10, 3)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110 - a device
def test_a_full_disk_leaves_no_part_of_a_line(path, monkeypatch):
    file = Rotated(path, 100, 3)
    file.write([b"a"])
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123 - a device
        kept, file._file = file._file, full.fileno()
        monkeypatch.setattr(os, "ftruncate", lambda _, size: os.truncate(path, size))  # /dev/full has no length
        with pytest.raises(OSError, match="No space left"):
            file.write([b"b", b"c"])
        file._file = kept
    file.write([b"d"])
    file.close()
    assert path.read_bytes() == b"a\nd\n"
