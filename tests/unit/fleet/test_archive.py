from __future__ import annotations

import os
from pathlib import Path

import pytest

from whyrst.fleet.archive import ArchiveError, File, listed, remote


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in ("a.pcap", "tap0/b.pcap", "site/tap1/2026/c.pcap.gz", ".hidden/d.pcap", "_out/e.pcap", "tap0/.f.pcap"):
        path = tmp_path / "archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "archive"


def points(sources, **options):
    return {Path(one.path).name: one.point for one in listed(sources, **options)}


def test_the_folder_below_the_source_names_the_point(tree):
    assert points([str(tree)]) == {"a.pcap": "archive", "b.pcap": "tap0", "c.pcap.gz": "site/tap1/2026"}


def test_as_many_folders_as_are_asked_for(tree):
    assert points([str(tree)], depth=2)["c.pcap.gz"] == "site/tap1"
    assert points([str(tree)], depth=1) == {"a.pcap": "archive", "b.pcap": "tap0", "c.pcap.gz": "site"}


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("archive/tap0/b.pcap", {"b.pcap": "tap0"}),
        ("archive/", {"a.pcap": "archive", "b.pcap": "tap0", "c.pcap.gz": "site/tap1/2026"}),
        ("archive/*/*.pcap", {"b.pcap": "tap0"}),
        ("archive/**/*.pcap*", {"a.pcap": "archive", "b.pcap": "tap0", "c.pcap.gz": "site/tap1/2026"}),
        ("archive/s*", {"c.pcap.gz": "site/tap1/2026"}),
    ],
)
def test_files_folders_and_patterns(source, expected):
    assert points([source]) == expected


def test_a_file_named_twice_counts_once(tree):
    assert len(listed([str(tree), str(tree / "a.pcap"), f"{tree}/*/b.pcap"])) == 3


def test_the_results_are_no_captures(tree):
    (tree / "results").mkdir()
    (tree / "results" / "part-0.parquet").write_bytes(b"x")
    assert len(listed([str(tree)], beside=str(tree / "results"))) == 3


def test_results_are_no_captures_where_they_stand_among_these(tree):
    for name in ("_whyrst/lock", "verdicts/day=2026-11-21/point=x/part-0.parquet", "quality/day=x/part-0.parquet"):
        (tree / name).parent.mkdir(parents=True)
        (tree / name).write_bytes(b"x")
    assert len(listed([str(tree)], beside=str(tree))) == 3
    assert len(listed([str(tree)])) == 3


def test_one_file_has_one_key_however_it_is_named(tree, monkeypatch):
    (far,) = listed([str(tree / "tap0")])
    monkeypatch.chdir(tree)
    (near,) = listed(["tap0", "./tap0", str(tree / "tap0")])
    assert (near.path, near.key) == ("tap0/b.pcap", far.key)


def test_links_below_a_source_are_not_followed(tree):
    (tree / "loop").symlink_to(tree)
    (tree / "b.pcap").symlink_to(tree / "tap0" / "b.pcap")
    (tree / "nowhere.pcap").symlink_to("nothing")
    assert len(listed([str(tree)])) == 3
    assert points([str(tree / "b.pcap")]) == {"b.pcap": "archive"}
    assert len(listed([str(tree / "loop")])) == 3


@pytest.mark.parametrize("source", ["file:///captures", "https://host/captures/", "gcs://bucket/x"])
def test_addresses_of_other_places_are_told(source):
    with pytest.raises(ArchiveError, match="object storage is s3://, gs:// or az://"):
        listed([source])


def test_here_has_a_name(tree, monkeypatch):
    monkeypatch.chdir(tree / "tap0")
    assert points(["."]) == {"b.pcap": "tap0"}


def test_a_changed_file_has_another_stamp(tree):
    (before,) = listed([str(tree / "a.pcap")])
    (tree / "a.pcap").write_bytes(b"yy")
    os.utime(tree / "a.pcap", ns=(1, 1))
    (after,) = listed([str(tree / "a.pcap")])
    assert (before.key, before.point) == (after.key, after.point)
    assert (before.size, before.stamp) != (after.size, after.stamp)
    assert after.size == 2


@pytest.mark.parametrize("source", ["missing", "missing/*.pcap"])
def test_what_is_not_there_is_an_error(source, tmp_path):
    with pytest.raises(ArchiveError, match="no such file"):
        listed([str(tmp_path / source)])


def test_names_that_are_no_utf8_become_text(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/tap\xff"))
    folder.mkdir()
    (folder / "a.pcap").write_bytes(b"x")
    (one,) = listed([str(tmp_path)])
    assert one.point == r"tap\xff"
    assert one.name.endswith(r"tap\xff/a.pcap")
    one.name.encode()


def test_addresses():
    assert remote("s3://bucket/x")
    assert not remote("s3:/bucket")
    assert File("s3://b/x", "p", 1, "e").key != File("s3://b/y", "p", 1, "e").key
