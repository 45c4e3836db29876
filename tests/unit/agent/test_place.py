from __future__ import annotations

import pytest

from whyrst.agent.place import Place, Places


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


def test_a_note_is_read_again(places):
    place = Place(7, {"offsets": {"0": 12}})
    assert places.note("kafka", place)
    assert places.read("kafka", 1, 100) == place


def test_a_new_output_begins_with_what_comes(places):
    assert places.read("otlp", 1, 100) == Place(100)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"next":"x"}', b'{"next":0}', b'{"next":-5}', b'{"next":1%b}' % (b"0" * 30), b"\xff", b"[]"],
)
def test_a_damaged_note_begins_with_the_oldest(places, tmp_path, content):
    (tmp_path / "otlp.place").write_bytes(content)
    assert places.read("otlp", 3, 100) == Place(3)


def test_the_furthest_counts_outputs_that_are_no_longer_wanted(places, tmp_path):
    places.note("otlp", Place(7))
    places.note("gone", Place(9))
    (tmp_path / "bad.place").write_bytes(b"{")
    assert places.furthest() == 9


def test_a_folder_that_vanished_is_no_catastrophe(places, tmp_path):
    tmp_path.rmdir()
    assert not places.note("otlp", Place(7))
    assert places.furthest() == 0
