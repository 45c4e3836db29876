from __future__ import annotations

import pytest

from whyrst.capture.source import Source
from whyrst.capture.window import Window

DATA = bytes(range(256)) * 4


@pytest.fixture
def window(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with Source(str(path)) as source:
        yield Window(source, 64, 256)


def test_bytes_are_read_as_they_are_needed(window):
    assert window.rest == 0
    assert window.have(10)
    assert window.ahead(10) == DATA[:10]
    assert window.offset == 0


def test_the_rest_moves_to_the_front(window):
    window.have(64)
    window.at = 60
    assert window.have(20)
    assert (window.offset, window.at, window.ahead(20)) == (60, 0, DATA[60:80])
    assert len(window.buffer) == 64


def test_the_buffer_grows_for_what_does_not_fit_and_no_further(window):
    assert window.have(65)
    assert len(window.buffer) == 128
    assert window.have(200)
    assert window.have(256)
    assert len(window.buffer) == 256
    assert window.ahead(999) == DATA[:256]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, 1024])
def test_bytes_are_skipped_without_growing(window, size):
    assert window.skip(size)
    assert window.offset == size
    assert len(window.buffer) == 64
    assert window.have(1) == (size < 1024)


def test_what_does_not_come_is_told(window):
    assert not window.skip(1025)
    assert window.offset == 1024
    assert not window.have(1)
    assert not window.fill()
