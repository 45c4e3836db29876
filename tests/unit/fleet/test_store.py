from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.fleet.archives import analyzed, case, cut, table
from whyrst.fleet import store
from whyrst.fleet.plan import run
from whyrst.fleet.store import StoreError, escaped, locked, note, noted, replacing
from whyrst.fleet.workers import Serial


class Thing(msgspec.Struct):
    number: int


def test_a_note_comes_back(tmp_path):
    path = str(tmp_path / "a" / "note.json")
    assert noted(path, Thing) is None
    note(path, Thing(7))
    assert noted(path, Thing) == Thing(7)
    assert [one.name for one in (tmp_path / "a").iterdir()] == ["note.json"]


def test_a_note_of_another_version_or_kind_is_none(tmp_path, monkeypatch):
    path = str(tmp_path / "note.json")
    note(path, Thing(7))
    monkeypatch.setattr(store, "made_by", lambda: "another")
    assert noted(path, Thing) is None


@given(data=st.binary(max_size=60))
def test_no_bytes_of_a_note_are_an_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    assert noted(str(path), Thing) is None


def test_what_fails_leaves_what_was(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail():
        with replacing(str(path)) as name:
            Path(name).write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@given(name=st.text(min_size=1))
def test_names_become_folders(name):
    assert "/" not in escaped(name.encode("utf-8", "replace").decode())
    assert escaped("..") == "%2E%2E"
    assert escaped("tap-0.a_b") == "tap-0.a_b"


@pytest.mark.parametrize("name", ["a" * 255, "ä" * 100, "x/" * 200, "a" * 199 + "\U0001f4a9", "." * 250])
def test_long_names_become_folders_too(tmp_path, name):
    one, other = escaped(name), escaped(name + ".")
    assert one != other
    for folder in (one, other):
        (tmp_path / f"point={folder}").mkdir()
        assert 150 < len(folder) <= store.LONGEST
        head, mark, _ = unquote(folder).rpartition("~")
        assert mark
        assert name.startswith(head)


@pytest.mark.parametrize("name", ["o:ut", "a=b://c", "o*ut?[x]", "\udcff\n"])
def test_tables_are_written_to_folders_of_any_name(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cut(case("port-closed"), tmp_path / "tap0", 2)
    assert analyzed("tap0", name).resets == 1
    assert [one["cause"] for one in table(name, "verdicts", "tap0")] == ["port-closed"]


@pytest.mark.parametrize("out", ["s3://bucket/out", "https://host/out", "file:///out"])
def test_results_go_to_folders(out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="OUT must be a local or mounted folder"):
        run([], out, Serial())
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"), locked(str(tmp_path / "file" / "out")):
        pass
