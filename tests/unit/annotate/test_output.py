from __future__ import annotations

import os
import stat
import threading

import pytest

from whyrst.annotate.output import is_special, written


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "out"
    with written(str(path)) as file:
        file.write(b"all")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"all"
    assert list(tmp_path.iterdir()) == [path]


def half(path):
    with written(str(path)) as file:
        file.write(b"half")
        raise RuntimeError


def test_what_fails_leaves_nothing_and_keeps_the_old(tmp_path):
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError):
        half(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_any_file(tmp_path):
    new, old, any_file = tmp_path / "new", tmp_path / "old", tmp_path / "any"
    any_file.touch()
    old.touch(0o640)
    old.chmod(0o640)
    for path in (new, old):
        with written(str(path)) as file:
            file.write(b"x")
    assert new.stat().st_mode == any_file.stat().st_mode
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_pipe_is_written_as_it_is(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    assert is_special(str(path))
    with written(str(path)) as file:
        file.write(b"through")
    reader.join()
    assert got == [b"through"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), written(str(tmp_path / "no" / "out")):
        pass
    assert not is_special(str(tmp_path / "no"))
